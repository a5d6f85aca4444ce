"""Composed scenes: labels that agree with the pixels, objects that stay in sight, and what is refused."""

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.data.scenes import TRIES, Scenes, box_of, place, scaled, scenes


def blocks(count: int = 10, side: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Images of one evenly lit rectangle each, whose brightness tells which image it is."""
    rng = np.random.default_rng(3)
    images = np.zeros((count, side, side), np.float32)
    for number, image in enumerate(images):
        x, y, w, h = *rng.integers(0, 3, 2), *rng.integers(2, 6, 2)
        image[y : y + h, x : x + w] = brightness(number)
    return images, np.arange(count) % 4


def brightness(number: int) -> np.float32:
    return np.float32(0.5 + number / 32)


def compose(count: int = 12, **changes: object) -> Scenes:
    images, labels = blocks()
    given = {"seed": 0, "size": (20, 24), "scales": (1.0, 1.0), "hidden": 0.4} | changes
    return scenes(images, labels, count, **given)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 2**32), st.sampled_from([(1, 1), (1, 4), (3, 3)]), st.sampled_from([0.0, 0.4])
)
def test_every_label_agrees_with_the_pixels(
    seed: int, objects: tuple[int, int], hidden: float
) -> None:
    images, classes = blocks()
    made = compose(4, seed=seed, objects=objects, hidden=hidden)
    assert made.images.shape == (4, 1, 20, 24)
    assert made.images.dtype == np.float32
    assert (made.counts >= 1).all()
    assert (made.counts <= objects[1]).all()
    for n in range(4):
        present = made.labels[n] >= 0
        count = int(made.counts[n])
        assert present[:count].all()
        for padded in (made.labels, made.sources, made.boxes):
            assert (padded[n, count:] == -1).all()
        assert set(np.unique(made.owners[n])) - {-1} == set(range(count))
        background = made.owners[n] < 0
        assert np.array_equal(made.masks[n] == 0, background)
        assert made.images[n, 0][background].max() <= 0.4 + 1e-6
        for k in range(count):
            source = made.sources[n, k]
            assert made.labels[n, k] == classes[source]
            seen = made.owners[n] == k
            assert np.isclose(made.images[n, 0][seen], brightness(source)).all()
            assert (made.masks[n][seen] == classes[source] + 1).all()
            rows, columns = np.nonzero(seen)
            edges = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            assert made.boxes[n, k].tolist() == list(edges)
            # The part in sight, of a rectangle that was whole.
            assert seen.sum() >= (1 - hidden) * (images[source] > 0).sum()
            if k == count - 1:
                assert seen.sum() == (images[source] > 0).sum()


def test_equal_seeds_give_equal_scenes_and_others_do_not() -> None:
    first, again, other = compose(), compose(), compose(seed=1)
    for field in fields(Scenes):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(again, field.name))
    assert not np.array_equal(first.images, other.images)


def test_numbers_of_objects_are_equally_frequent_where_there_is_room() -> None:
    made = compose(300, size=(64, 64))
    assert np.bincount(made.counts, minlength=5)[1:].min() > 50  # 75 expected
    assert np.bincount(made.sources[made.sources >= 0]).min() > 40  # 75 expected


def test_objects_overlap_sometimes_but_not_where_nothing_may_be_hidden() -> None:
    images, _ = blocks()
    areas = (images > 0).sum(axis=(1, 2))

    def covered(made: Scenes) -> int:
        return sum(
            int((made.owners[n] == k).sum() < areas[made.sources[n, k]])
            for n in range(len(made))
            for k in range(made.counts[n])
        )

    assert covered(compose(40, objects=(4, 4))) > 5
    assert covered(compose(40, objects=(4, 4), hidden=0.0)) == 0


def test_an_object_without_room_is_left_out() -> None:
    full = np.ones((1, 8, 8), np.float32)
    made = scenes(
        full, np.array([2]), 3, seed=0, size=(8, 8), objects=(2, 2), scales=(1, 1), hidden=0.1
    )
    assert made.counts.tolist() == [1, 1, 1]
    assert made.boxes[:, 0].tolist() == [[0, 0, 8, 8]] * 3


def test_what_an_object_encloses_belongs_to_it() -> None:
    ring = np.ones((1, 6, 6), np.float32)
    ring[:, 2:4, 2:4] = 0
    ring[:, 0, 0] = 0.05  # too dark, and open to the outside
    made = scenes(ring, np.array([0]), 1, seed=0, size=(9, 9), objects=(1, 1), scales=(1.0, 1.0))
    assert (made.masks == 1).sum() == 35
    assert (made.images[0, 0][made.masks[0] == 1] == 0).sum() == 4


def test_an_object_that_scaling_wipes_out_is_named() -> None:
    dot = np.zeros((1, 28, 28), np.float32)
    dot[0, 10, 10] = 0.25
    with pytest.raises(
        ValueError, match=r"images \[0\], scaled by \[0.5\], no pixel above 0.1 is left; leave"
    ):
        scenes(dot, np.array([0]), 1, seed=0, objects=(1, 1), scales=(0.5, 0.5))


def test_scales_change_the_size() -> None:
    full = np.ones((1, 8, 8), np.float32)
    made = scenes(full, np.array([0]), 60, seed=0, size=(20, 20), objects=(1, 1), scales=(0.5, 1.5))
    sides = made.boxes[:, 0, 2] - made.boxes[:, 0, 0]
    assert set(sides.tolist()) == set(range(4, 13))


def test_scaling_keeps_a_ramp_and_reads_between_the_pixels() -> None:
    ramp = np.tile(np.arange(8, dtype=np.float32) / 8, (6, 1))
    half = scaled(ramp, 0.5)
    assert half.shape == (3, 4)
    np.testing.assert_allclose(half, np.tile((np.arange(4) * 2 + 0.5) / 8, (3, 1)), atol=1e-6)
    double = scaled(ramp, 2.0)
    np.testing.assert_allclose(
        double[0, 1:-1], np.clip(np.arange(14) / 16 + 1 / 32, 0, 1), atol=1e-6
    )
    assert scaled(ramp, 1.0) is ramp


def test_take_keeps_the_fields_together() -> None:
    made = compose()
    few = made.take(made.counts == 2)
    assert len(few) == (made.counts == 2).sum() > 0
    assert (few.counts == 2).all()
    np.testing.assert_array_equal(made.take([5]).images, made.images[5:6])
    with pytest.raises(FrozenInstanceError):
        made.images = few.images  # type: ignore[misc]


def test_place_leaves_empty_objects_out_and_counts_those_placed() -> None:
    owners = np.full((6, 6), -1, np.int8)
    parts = [np.zeros((3, 3)), np.ones((2, 2)), np.ones((6, 6)), np.ones((2, 1))]
    placed = place(parts, np.zeros((6, 6)), owners, 0.0, np.random.default_rng(0))
    assert placed == [1, 3]  # the third would hide the second
    assert np.bincount(owners[owners >= 0]).tolist() == [4, 2]
    assert TRIES >= 20


def test_a_box_is_around_something() -> None:
    with pytest.raises(ValueError, match=r"a region \(2, 3\) without a pixel; give one"):
        box_of(np.zeros((2, 3), bool))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"images": np.ones((4, 8), np.float32)},
            r"images \(4, 8\) of float32 .* give \(M, h, w\)",
        ),
        ({"images": np.ones((4, 8, 8), np.uint8)}, "of uint8"),
        ({"images": np.full((4, 8, 8), 255.0)}, r"pixels from 255 to 255; give images in \[0, 1\]"),
        ({"images": np.full((4, 8, 8), np.nan)}, "pixels from nan"),
        ({"images": np.zeros((4, 8, 8))}, r"image \d has no pixel above 0.2, .*; leave it out"),
        ({"labels": np.zeros(3, int)}, r"labels \(3,\) of int64"),
        ({"labels": np.zeros(4)}, r"labels \(4,\) of float64"),
        ({"labels": np.full(4, -1)}, "labels from -1 to -1; give classes from 0 to 254"),
        ({"count": 0}, "count=0 and seed=0; give integers from 1 and from 0"),
        ({"seed": None}, "seed=None"),
        ({"objects": (0, 2)}, r"objects=\(0, 2\); give the least and the most, from 1 to 127"),
        ({"objects": 3}, "objects=3"),
        ({"scales": (1.2, 0.8)}, r"scales=\(1.2, 0.8\); give the least and the most, from 0.1"),
        ({"size": (8, 64)}, r"size=\(8, 64\) for objects of up to 10 × 10 pixels; give \(H, W\)"),
        ({"size": 64}, "size=64"),
        ({"hidden": 1}, "hidden=1; give a number from 0 to below 1"),
        ({"background": -0.1}, "background=-0.1"),
    ],
)
def test_refused(changes: dict, words: str) -> None:
    given = {"images": np.ones((4, 8, 8), np.float32), "labels": np.zeros(4, int), "count": 1}
    with pytest.raises(ValueError, match=words):
        scenes(**given | {"seed": 0} | changes)
