"""Figures of the chapter on convolution: what is drawn is what was given."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures import convolution as drawings
from deeplearning.records import Metrics

GENERATOR = np.random.default_rng(0)


def record(config: dict | None = None, **metrics: object) -> SimpleNamespace:
    return SimpleNamespace(config=config or {}, metrics=Metrics(metrics))


def words(ax: object) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_sliding_multiplies_and_adds() -> None:
    image = GENERATOR.integers(0, 3, (4, 5))
    (ax,) = drawings.sliding(image, [[1, 0], [0, -1]], (1, 2)).axes
    expected = (image[:-1, :-1] - image[1:, 1:]).ravel()
    numbers = [float(word.replace("−", "-")) for word in words(ax) if word.strip("−").isdigit()]
    assert numbers == [*image.ravel(), 1, 0, 0, -1, *expected]
    bold = [t.get_text() for t in ax.texts if t.get_fontweight() == "bold"]
    assert bold[-1].replace("−", "-") == f"{expected[1 * 4 + 2]}"
    assert len(bold) == 4 + 1


@pytest.mark.parametrize(
    ("layout", "results"),
    [({}, 5), ({"padding": 1}, 7), ({"stride": 2}, 3), ({"dilation": 2}, 3), ({"kernel": 1}, 7)],
)
def test_wiring_has_a_line_for_each_tap(layout: dict[str, int], results: int) -> None:
    ax = drawings.wiring({"one": layout}, columns=1).axes[0]
    assert len(ax.lines) == results * layout.get("kernel", 3)
    assert len(ax.patches) == results + 7 + 2 * layout.get("padding", 0)
    assert words(ax) == ["0"] * (2 * layout.get("padding", 0))


def test_channels_draw_what_reads_what() -> None:
    groups = np.kron(np.eye(2), np.ones((2, 2)))
    full, grouped = drawings.channels({"full": np.ones((3, 2)), "groups": groups}).axes
    assert (len(full.lines), len(full.patches)) == (6, 5)
    assert (len(grouped.lines), len(grouped.patches)) == (8, 8)


def test_laws_show_the_largest_error_and_the_least_breach() -> None:
    values = {
        f"{name}_{bits}": np.full((5, 4), 0.25 if name == "ours" else size)
        for name in ("ours", "turned", "relu", "bias", "varying")
        for bits, size in (("float32", 5e6), ("float64", 3e15))
    }
    (ax,) = drawings.laws(record(**values)).axes
    assert words(ax).count("0.25") == 4
    assert words(ax).count("> $10^{6}$") == 16
    assert len(ax.patches) == 20


def test_border_draws_the_outermost_ring() -> None:
    paddings = ("zeros", "nearest", "mirrored", "opposite")
    made = record(
        **{f"error_{name}_{p}": GENERATOR.random((5, 3)) for name in drawings.FILTERS for p in paddings}
    )  # fmt: skip
    (ax,) = drawings.border(made).axes
    assert [len(bars) for bars in ax.containers if hasattr(bars, "patches")] == [3] * 4
    heights = [bar.get_height() for bar in ax.patches[:3]]
    expected = [made.metrics.mean(f"error_{name}_zeros")[0] for name in drawings.FILTERS]
    np.testing.assert_allclose(heights, expected)
    assert ax.get_ylabel()


def test_three_networks_has_a_dot_for_each_seed() -> None:
    made = record(
        **{f"{what}_accuracy_{kind}": GENERATOR.random(5) for what in ("test", "shuffled")
           for kind in ("3d", "2d", "stacked")}
    )  # fmt: skip
    for ax, what in zip(drawings.three_networks(made).axes, ("test", "shuffled"), strict=True):
        dots = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 5]
        np.testing.assert_array_equal(dots[1], made.metrics[f"{what}_accuracy_2d"])
        assert len(dots) == 3


def test_fields_leave_zeros_white_and_frame_the_field() -> None:
    seen = np.zeros((5, 5))
    seen[1:4, 1:4] = [[0.1, 1, 0.1]] * 3
    (ax,) = drawings.fields({"a": seen}, [(1, 3)]).axes
    shown = ax.images[0].get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), seen == 0)
    assert (shown.min(), shown.max()) == (-1, 0)
    frame = ax.patches[0]
    assert (frame.get_x(), frame.get_y(), frame.get_width()) == (0.5, 0.5, 3)


def test_growth_draws_sides_and_shares() -> None:
    made = record(
        {"depths": [2, 4]},
        **{f"{name}_depth": 1 + GENERATOR.random((5, 2)) for name in ("computed", "measured", "effective")},
        **{f"share_{kind}_{moment}": GENERATOR.random(5) for kind in ("plain", "lenet")
           for moment in ("before", "after")},
    )  # fmt: skip
    left, right = drawings.growth(made).axes
    for line, name in zip(left.lines, ("computed", "measured", "effective"), strict=True):
        np.testing.assert_allclose(line.get_ydata(), made.metrics.mean(f"{name}_depth"))
    assert len(right.lines) == 10
    np.testing.assert_array_equal(
        [line.get_ydata()[1] for line in right.lines[:5]], made.metrics["share_plain_after"]
    )
