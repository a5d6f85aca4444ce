"""Operations and bytes of layers against counting one by one."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning.performance import layers

SMALL = st.integers(1, 4)


@settings(deadline=None)
@given(SMALL, SMALL, SMALL)
def test_linear_counts_every_product(batch: int, inputs: int, outputs: int) -> None:
    work = layers.linear(batch, inputs, outputs, size=2)
    terms = sum(2 for _ in product(range(batch), range(inputs), range(outputs)))
    arrays = np.ones((batch, inputs)), np.ones((inputs, outputs)), np.ones((batch, outputs))
    assert work.operations == terms
    assert work.bytes == 2 * sum(array.size for array in arrays)


@settings(deadline=None)
@given(
    SMALL, SMALL, st.integers(3, 5), st.integers(3, 5), SMALL, st.integers(1, 3), st.integers(0, 1)
)
def test_convolution_counts_every_product(
    batch: int, channels: int, height: int, width: int, outputs: int, kernel: int, padding: int
) -> None:
    work = layers.convolution(batch, channels, height, width, outputs, kernel, padding)
    pixels = sum(
        1
        for i, j in product(range(-padding, height + padding), range(-padding, width + padding))
        if i + kernel <= height + padding and j + kernel <= width + padding
    )
    assert work.operations == 2 * batch * outputs * pixels * channels * kernel**2
    numbers = batch * channels * height * width + outputs * channels * kernel**2
    assert work.bytes == 4 * (numbers + batch * outputs * pixels)


def test_element_wise_work() -> None:
    assert layers.elementwise(10, operations=3, reads=2, writes=1, size=2).bytes == 60
    assert layers.softmax(3, 4).operations == 60
    assert layers.softmax(3, 4).bytes == 96


def test_products_of_a_step() -> None:
    # 2-3-1, one sample: outputs 6 + 3, weights' gradients 6 + 3, the hidden layer's gradient 3
    assert layers.products_of_step(1, (2, 3, 1)) == 2 * (6 + 3 + 6 + 3 + 3)


def test_the_suite_computes_the_layers() -> None:
    found = {layer.name: layer for layer in layers.suite(width=8, batches=(1, 3), rows=5, seed=2)}
    assert list(found) == ["Linear, B = 1", "Linear, B = 3", "ReLU", "softmax"]
    assert found["Linear, B = 3"].run().shape == (3, 8)
    assert found["Linear, B = 3"].work == layers.linear(3, 8, 8)
    relu, softmax = found["ReLU"].run(), found["softmax"].run()
    assert relu.shape == softmax.shape == (5, 8)
    assert (relu >= 0).all()
    assert (relu > 0).any()
    assert_close(softmax.sum(axis=1), np.ones(5), length=8, dtype=np.float32)


def test_other_seeds_draw_other_data() -> None:
    first, second = (layers.suite(4, (1,), 2, seed)[1].run() for seed in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(("name", "operations"), [("ReLU", 40), ("softmax", 200)])
def test_work_of_the_suite(name: str, operations: int) -> None:
    work = {layer.name: layer.work for layer in layers.suite(8, (1,), 5)}[name]
    assert work.operations == operations
    assert work.bytes == 320
