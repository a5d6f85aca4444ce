"""Black and white by chance: the rule, the seed, and that the first pictures do not depend on the later ones."""

import dataclasses

import numpy as np
import pytest

from deeplearning.data import Split
from deeplearning.data.binarise import binarised


def split(count: int = 2000) -> Split:
    grey = np.tile(np.linspace(0, 1, 5, dtype=np.float32), (count, 1))
    labels = np.arange(count) % 2
    return Split(grey, labels, grey[:40], labels[:40], ("a", "b"))


def test_a_pixel_is_ink_as_often_as_it_is_grey() -> None:
    made = binarised(split())
    assert set(np.unique(made.train_x)) == {0.0, 1.0}
    error = np.sqrt(0.25 / 2000)
    np.testing.assert_allclose(made.train_x.mean(axis=0), [0, 0.25, 0.5, 0.75, 1], atol=4 * error)
    assert made.train_y.tolist() == split().train_y.tolist()


def test_the_same_pictures_for_everybody() -> None:
    whole = binarised(split(), 7)
    fewer = dataclasses.replace(
        split(), train_x=split().train_x[:100], train_y=split().train_y[:100]
    )
    part = binarised(fewer, 7)
    np.testing.assert_array_equal(part.train_x, whole.train_x[:100])
    np.testing.assert_array_equal(part.test_x, whole.test_x)
    assert (binarised(split(), 8).train_x != whole.train_x).any()
    assert (whole.train_x[:40] != whole.test_x).any()


def test_what_is_no_grey_value_is_refused() -> None:
    bytes_ = dataclasses.replace(split(), test_x=split().test_x * 255)
    with pytest.raises(
        ValueError, match=r"test_x has values from 0.0 to 255.0; give grey values in \[0, 1\]"
    ):
        binarised(bytes_)
