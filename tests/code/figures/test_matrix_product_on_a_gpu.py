"""Figures of the chapter on the matrix product on a GPU: what is drawn is what was given, with labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from deeplearning.figures import matrix_product_on_a_gpu as drawings
from deeplearning.figures.style import tint


def boxes(ax: Axes, color: str, strength: float) -> set[tuple[float, ...]]:
    """Left, top, width and height of the rectangles of a colour, rounded."""
    face = to_rgba(tint(color, strength))
    found = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    return {
        tuple(round(v, 6) for v in (*one.get_xy(), one.get_width(), one.get_height()))
        for one in found
        if np.allclose(one.get_facecolor(), face)
    }


def test_gpu_has_all_its_processors() -> None:
    (ax,) = drawings.gpu().axes
    small = [one for one in ax.patches if isinstance(one, Rectangle) and one.get_width() < 0.3]
    assert len(small) == 132
    words = " ".join(text.get_text() for text in ax.texts)
    for place in ("registers", "shared memory", "L2 cache", "tensor cores", "TMA", "4.8 TB/s"):
        assert place in words


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.booleans()))
def test_rectangles_cover_a_mask_once(mask: np.ndarray) -> None:
    covered = np.zeros(mask.shape, int)
    for top, left, height, width in drawings.rectangles(mask):
        covered[top : top + height, left : left + width] += 1
    np.testing.assert_array_equal(covered, mask)


def test_programs_mark_what_was_touched() -> None:
    a, b, c = np.zeros((4, 6), bool), np.zeros((6, 8), bool), np.zeros((4, 8), bool)
    a[2:] = b[:, 4:6] = c[2:, 4:6] = True
    first, second = drawings.programs(
        {"program 3": (a, b, c), "nothing": (~a & False, ~b & False, ~c & False)}, tile=2
    ).axes
    aside = round(6 + drawings.GAP * 4, 6)  # where B and C begin
    assert boxes(first, drawings.READ, 0.75) == {(0, aside + 2, 6, 2), (aside + 4, 0, 2, 6)}
    assert boxes(first, drawings.WRITTEN, 0.75) == {(aside + 4, aside + 2, 2, 2)}
    assert not boxes(second, drawings.READ, 0.75) | boxes(second, drawings.WRITTEN, 0.75)
    assert [text.get_text() for text in first.texts] == ["A", "B", "C"]
    assert first.get_title() == "program 3"


def test_orders_count_strips() -> None:
    rows = np.arange(16).reshape(4, 4)
    groups = np.array([[0, 2, 4, 6], [1, 3, 5, 7], [8, 10, 12, 14], [9, 11, 13, 15]])
    figure = drawings.orders({"rows": rows, "groups": groups}, wave=4)
    for ax, grid, said in zip(figure.axes, (rows, groups), ("1 strips of A + 4 of B", "2 strips of A + 2 of B"),
                              strict=True):  # fmt: skip
        words = [text.get_text() for text in ax.texts]
        assert words[:16] == [str(number) for number in grid.ravel()]
        assert said in words
        ran = {(column, row, 1, 1) for row, column in np.argwhere(grid < 4)}
        assert boxes(ax, drawings.WRITTEN, 0.55) == ran


def test_schedule_waits_for_loads_room_and_products() -> None:
    for stages in (1, 2, 3, 5):
        begin = drawings.schedule(2.0, 1.0, stages, 9)
        assert (begin[:, 1] >= begin[:, 0] + 2).all()
        assert (np.diff(begin[:, 1]) >= 1).all()
        assert (begin[stages:, 0] >= begin[:-stages, 1] + 1).all()
    # One stage: every step takes a load and a product; enough stages: products alone.
    assert drawings.schedule(2.0, 1.0, 1, 9)[-1, 1] == 9 * 3 - 1
    assert drawings.schedule(2.0, 1.0, 3, 9)[-1, 1] == 2 + 8


def test_pipelines_have_a_line_for_every_stage() -> None:
    figure = drawings.pipelines(3, 1, (1, 4), 8)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["1 stage", "4 stages"]
    for ax, stages in zip(figure.axes, (1, 4), strict=True):
        assert len({y for _, y, width, _ in boxes(ax, drawings.READ, 0.5) if width == 3}) == stages
        assert [text.get_text() for text in ax.texts] == [str(step) for step in range(8)]
    assert figure.axes[-1].get_xlabel()


def test_waves_say_how_busy_processors_are() -> None:
    figure = drawings.waves({"whole": ([2, 1, 1, 1], 1.0), "shares": ([1.25] * 4, 1.0)})
    assert ["62.5%" in figure.axes[0].get_title(), "100.0%" in figure.axes[1].get_title()] == [
        True,
        True,
    ]
    for ax, end in zip(figure.axes, (2.0, 1.25), strict=True):
        assert ax.lines[0].get_xdata()[0] == end
        assert ax.collections[0].get_paths()[0].vertices[:, 0].max() == end
    assert figure.axes[0].get_ylabel() == "processor"


def test_fill_is_in_percent() -> None:
    (ax,) = drawings.fill(
        [1, 2, 3], {"a": [0.5, 0.25, 1.0], "b": [1.0, 1.0, 1.0]}, marked=(2,)
    ).axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [50, 25, 100])
    assert ax.lines[2].get_xdata()[0] == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_shifts_end_when_the_last_program_ends() -> None:
    plan = [[(0, 4), (2, 4)], [(1, 4)]]
    figure = drawings.shifts({"whole": plan, "cut": [[(0, 4), (1, 2)], [(1, 2), (2, 4)]]})
    first, second = figure.axes
    assert (first.get_title(), second.get_title()) == ("whole: 8 steps", "cut: 6 steps")
    assert [text.get_text() for text in first.texts] == ["0", "2", "1"]
    widths = [round(one.get_width(), 6) for one in second.patches]
    assert widths == [4, 2, 2, 4]


def test_rates_and_shares_stand_side_by_side() -> None:
    left, right = drawings.rates(
        ["element", "ours", "vendor"], [2.0, 600.0, 650.0], [0.003, 0.8, 0.9]
    ).axes
    np.testing.assert_allclose([bar.get_width() for bar in left.patches], [2, 600, 650])
    np.testing.assert_allclose([bar.get_width() for bar in right.patches], [0.3, 80, 90])
    ours, vendor = (left.patches[i].get_facecolor() for i in (1, 2))
    assert ours != vendor
    assert [text.get_text() for text in right.texts] == ["0.3", "80", "90"]


@pytest.mark.parametrize("missing", [False, True], ids=["all", "one-missing"])
def test_beside_leaves_out_what_was_not_timed(missing: bool) -> None:
    shares = {"ours": [0.5, 0.75], "vendor": [1.0, np.nan if missing else 0.5]}
    (ax,) = drawings.beside(["a", "b"], shares).axes
    assert len(ax.texts) == 3 + (not missing)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["ours", "vendor"]
    # Of each pair ours stands above.
    assert ax.patches[0].get_y() > ax.patches[2].get_y()
    assert "%" in ax.get_xlabel()
