"""What measures the roofs does what it says."""

from pathlib import Path

import numpy as np
import pytest

from comparison import assert_close
from deeplearning.performance import machine


def test_product_multiplies() -> None:
    work, run = machine.product(16, seed=1)
    draw = np.random.default_rng(1)
    a, b = (draw.standard_normal((16, 16), np.float32) for _ in range(2))
    assert_close(run(), a.astype(np.float64) @ b, length=16, dtype=np.float32)
    assert (work.operations, work.bytes) == (2 * 16**3, 3 * 4 * 16**2)


@pytest.mark.parametrize(("stream", "moved"), [("update", 2.0), ("copy", 1.0), ("read", 1.0)])
def test_streams_touch_what_they_say(stream: str, moved: float) -> None:
    work, run = getattr(machine, stream)(4096)
    run()
    assert work.bytes == moved * 4096
    assert work.operations == 0


def test_update_is_in_place() -> None:
    _, run = machine.update(64)
    first = run().copy()
    second = run()
    np.testing.assert_array_equal(first, -second)
    assert run() is second


def test_rates_have_a_row_a_size() -> None:
    assert machine.peaks([4, 8], rounds=2, least=1e-4).shape == (2, 2)
    rates = machine.bandwidths(machine.copy, [256, 1024, 4096], rounds=2, least=1e-4)
    assert rates.shape == (3, 2)
    assert (rates > 0).all()


def test_caches_are_read_from_the_system(tmp_path: Path) -> None:
    for number, (level, kind, size) in enumerate(
        [("1", "Data", "48K"), ("1", "Instruction", "32K"), ("2", "Unified", "2048K")]
    ):
        folder = tmp_path / f"index{number}"
        folder.mkdir()
        for name, text in (("level", level), ("type", kind), ("size", size)):
            (folder / name).write_text(text + "\n")
    (tmp_path / "index9").mkdir()  # without its files
    assert machine.cache_sizes(tmp_path) == {"L1": 48 * 1024, "L2": 2**21}


def test_a_system_that_tells_nothing_has_no_caches(tmp_path: Path) -> None:
    assert machine.cache_sizes(tmp_path) == {}
