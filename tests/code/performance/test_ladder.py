"""What the rungs move, counted by hand for a 3 × 3 image, one channel, one 3 × 3 kernel, padding 1."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning.performance import ladder
from deeplearning.performance.ladder import RUNGS, Shape

TINY = Shape(batch=1, channels=1, height=3, width=3, outputs=1, kernel=3, padding=1)
PAD = 9 + 25  # read the image, write the padded one
BY_HAND = {
    "loops": 81 * 4,
    "windows": PAD + 9 * ((9 + 9 + 9) + (9 + 1) + (1 + 1)),
    "taps": PAD + 9 * ((1 + 9 + 9) + (9 + 9 + 9)),
    "im2col": PAD + (81 + 81) + (81 + 9 + 9),
    "columns": PAD + (81 + 81) + (81 + 9 + 9),
    # kernels in order, image into the line, nine shifts of 12, the product, what is cut off
    "shifts": 18 + 18 + 2 * 9 * 12 + (9 * 12 + 9 + 12) + 18,
    "tap_products": 18 + 18 + 9 * (1 + 12 + 12) + 8 * 36 + 18,
    # three rows of three pixels, each with nine products and eight additions
    "batch_last": PAD + 18 + 3 * (9 * (1 + 3 + 3) + 8 * 9 + 6),
}


@pytest.mark.parametrize("name", RUNGS)
def test_moved_is_what_was_counted_by_hand(name: str) -> None:
    assert RUNGS[name].moved(TINY) == BY_HAND[name]
    assert RUNGS[name].work(TINY).bytes == 4 * BY_HAND[name]
    assert RUNGS[name].work(TINY).operations == 2 * TINY.multiply_adds == 162


def test_no_rung_moves_less_than_the_least() -> None:
    for shape in (TINY, Shape(), Shape(2, 3, 8, 6, 5, 3, 0)):
        assert all(rung.work(shape).bytes >= shape.least.bytes for rung in RUNGS.values())


@pytest.mark.parametrize("shape", [TINY, Shape(2, 3, 8, 6, 5, 3, 0), Shape(1, 2, 5, 4, 3, 1, 0)])
def test_shape_against_an_output(shape: Shape) -> None:
    y = RUNGS["columns"].on(shape)()
    assert y.shape == (shape.batch, shape.outputs, shape.rows, shape.pixels // shape.rows)
    assert shape.multiply_adds == y.size * shape.taps


@pytest.mark.parametrize("name", [*RUNGS, "torch"])
def test_contenders_compute_the_convolution(name: str) -> None:
    shape = Shape(2, 3, 5, 4, 2, 3, 1)
    contender = ladder.rung(name, shape, seed=4)
    was = torch.is_grad_enabled()
    try:
        y = np.asarray(contender.work()())
    finally:
        torch.set_grad_enabled(was)
    x, weight = (torch.from_numpy(array).double() for array in shape.data(4))
    expected = torch.nn.functional.conv2d(x, weight, padding=1).numpy()
    if name == "batch_last":
        y = y.transpose(3, 0, 1, 2)
    assert_close(y, expected, length=shape.taps, dtype=np.float32, name=name)


def test_an_unknown_rung_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rung is one of loops, .*got 'magic'"):
        ladder.make_rung("magic", {})


def test_roofs_are_what_they_are_called() -> None:
    roofs = ladder.roofs(side=8, near=64, far=128)
    assert list(roofs) == ["product", "torch product", "near", "far"]
    was = torch.is_grad_enabled()
    try:
        made = {name: contender.work() for name, contender in roofs.items()}
        assert made["product"]().shape == tuple(made["torch product"]().shape) == (8, 8)
    finally:
        torch.set_grad_enabled(was)
    assert (made["near"]().nbytes, made["far"]().nbytes) == (64, 128)


def test_numpys_contenders_do_not_load_pytorch() -> None:
    program = (
        "import sys; from deeplearning.performance import ladder;"
        "ladder.rung('taps', ladder.Shape(1, 1, 3, 3, 1)).work()(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
