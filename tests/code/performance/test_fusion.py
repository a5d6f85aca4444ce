"""Blocks change the order of the work, never its result."""

import numpy as np
import pytest

from deeplearning.performance.fusion import Channels, in_blocks, in_passes


@pytest.mark.parametrize("rows", [1, 2, 5, 7, 100])
def test_blocks_of_any_size_give_the_same(rows: int) -> None:
    draw = np.random.default_rng(0)
    x = draw.standard_normal((7, 3))
    by = Channels(*(draw.uniform(0.5, 2, (7, 1)) for _ in range(4)))
    expected = np.maximum((x - by.mean) / by.spread * by.gain + by.shift, 0)
    out = np.full_like(x, np.nan)
    assert in_blocks(x, by, out, rows) is out
    np.testing.assert_allclose(out, expected, rtol=1e-14)
    np.testing.assert_array_equal(in_passes(x, by, np.full_like(x, np.nan)), out)
