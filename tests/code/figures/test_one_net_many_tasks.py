"""The figures of the chapter on one net for many tasks show the numbers that they are given."""

import numpy as np
from matplotlib.patches import Rectangle

from deeplearning.figures import one_net_many_tasks as drawings
from deeplearning.records import Metrics

NAMES = [f"class {k}" for k in range(10)]


def corners(ax: object) -> list[tuple[float, ...]]:
    """x0, y0, x1, y1 of the rectangles on an axes."""
    return [
        (p.get_x(), p.get_y(), p.get_x() + p.get_width(), p.get_y() + p.get_height())
        for p in ax.patches  # type: ignore[attr-defined]
        if isinstance(p, Rectangle)
    ]


def test_images_keep_the_proportions_of_their_sides() -> None:
    figure = drawings.at_their_sizes(
        {"a": [np.zeros((20, 20)), np.ones((40, 40))], "b": [np.ones((30, 30))]}
    )
    widths = [image.get_extent()[1] - image.get_extent()[0] for image in figure.axes[0].images]
    assert sorted(widths) == [20, 30, 40]
    assert {"20", "30", "40", "a", "b"} <= {text.get_text() for text in figure.axes[0].texts}


def test_by_size_draws_a_curve_a_network_in_per_cent() -> None:
    raw: dict[str, list] = {"sides_enlarged": [[20, 28]] * 2, "sides_canvas": [[28, 56]] * 2}
    for way in ("enlarged", "canvas"):
        for number, net in enumerate(drawings.NETS):
            raw[f"{way}_{net}"] = [[0.1 * number, 0.5], [0.1 * number, 0.7]]
    top, bottom = drawings.by_size(Metrics(raw)).axes
    np.testing.assert_allclose(top.lines[2].get_xydata(), [[20, 20], [28, 60]])
    assert bottom.lines[0].get_xdata().tolist() == [28, 56]


def test_trunk_and_heads_name_every_head() -> None:
    figure = drawings.trunk_and_heads([("one", "N × 1"), ("two", "N × 2"), ("three", "N × 3")])
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"one\nN × 1", "two\nN × 2", "three\nN × 3"} <= texts


def test_a_scene_has_its_pixels_and_its_boxes() -> None:
    mask = np.zeros((8, 8), int)
    mask[2:4, 1:6] = 4
    boxes = np.array([[3, 1, 2, 6, 4], [-1, -1, -1, -1, -1]])
    _, labels, last = drawings.scene(np.zeros((8, 8)), mask, boxes, NAMES).axes
    np.testing.assert_array_equal(labels.images[0].get_array(), mask)
    assert corners(last) == [(1, 2, 6, 4)]
    assert [text.get_text() for text in last.texts] == ["class 3"]
    # A box lies on the pixels: pixel (i, j) is drawn from (j, i) to (j + 1, i + 1).
    assert list(last.images[0].get_extent()) == [0, 8, 8, 0]


def test_overlap_fills_what_is_shared_and_what_is_covered() -> None:
    left, right = drawings.overlap((0, 0, 4, 4), (2, 1, 6, 5)).axes
    assert corners(left)[0] == (2, 1, 4, 4)
    assert corners(right)[:2] == [(0, 0, 4, 4), (2, 1, 6, 5)]


def test_ways_up_show_every_label_map() -> None:
    maps = {"a": np.ones((4, 4)), "b": np.full((4, 4), 2)}
    axes = drawings.ways_up(np.zeros((4, 4)), maps).axes
    assert [ax.get_title() for ax in axes] == ["true", "a", "b"]
    assert [ax.images[0].get_array().max() for ax in axes] == [0, 1, 2]


def test_the_grid_marks_the_cell_of_each_middle_and_its_neighbours() -> None:
    boxes = np.array([[2, 4, 10, 8], [-1, -1, -1, -1]])
    ax = drawings.grid(np.zeros((16, 16)), boxes, 4).axes[0]
    assert corners(ax) == [(0, 0, 12, 12), (4, 4, 8, 8), (2, 4, 10, 8)]


def test_suppression_shows_all_and_then_what_is_kept() -> None:
    boxes = np.array([[0, 0, 4, 4], [1, 0, 5, 4], [6, 6, 8, 8]])
    before, after = drawings.suppression(np.zeros((8, 8)), boxes, [0.9, 0.8, 0.7], [0, 2]).axes
    assert len(corners(before)) == 3
    assert [text.get_text() for text in after.texts] == ["0.90", "0.70"]


def test_steps_fill_the_average_precision() -> None:
    precision, recall = np.array([1.0, 0.5, 2 / 3]), np.array([0.5, 0.5, 1.0])
    ax = drawings.steps(precision, recall, 5 / 6).axes[0]
    area = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in corners(ax))
    assert np.isclose(area, 5 / 6)
    assert "AP = 0.833" in [text.get_text() for text in ax.texts]


def test_tasks_leave_out_what_was_not_measured() -> None:
    metrics = Metrics(
        {"a_net": [0.8, 0.9], "a_rule": [0.5, 0.5], "a_chance": [0.1, 0.1], "b_net": [0.7, 0.7]}
    )
    ax = drawings.tasks(metrics, {"a": "A", "b": "B"}, {"a": 0.6, "b": 0.5}).axes[0]
    assert [list(line.get_ydata()) for line in ax.lines] == [[80, 90], [50, 50], [10, 10], [70, 70]]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["A", "B"]


def test_curves_and_classes_are_means_in_per_cent() -> None:
    raw = {
        "precision_net": [[1.0, 0.5], [1.0, 0.7]], "precision_rule": [[0.5, 0.0]] * 2,
        "ap_by_threshold_net": [[0.8, 0.6, 0.1]] * 2,
        "iou_by_class_net": [[0.99, *np.linspace(0.9, 0.0, 10)]] * 2,
        "ap_by_class_net": [list(np.linspace(0.1, 1.0, 10))] * 2,
    }  # fmt: skip
    left, right = drawings.curves(Metrics(raw)).axes
    np.testing.assert_allclose(left.lines[0].get_xydata(), [[0, 100], [100, 60]])
    np.testing.assert_allclose(right.lines[0].get_xydata(), [[0.5, 80], [0.7, 60], [0.9, 10]])
    ax = drawings.by_class(Metrics(raw), NAMES).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == NAMES[::-1]
    np.testing.assert_allclose(
        ax.containers[0].lines[0].get_xdata(), np.linspace(0, 90, 10), atol=1e-9
    )
    np.testing.assert_allclose(ax.containers[1].lines[0].get_xdata(), np.linspace(100, 10, 10))


def test_answers_draw_what_is_sure_enough() -> None:
    images = np.zeros((2, 8, 8))
    boxes = np.full((2, 4, 5), -1)
    boxes[0, 0] = [3, 1, 2, 6, 4]
    found = np.full((2, 8, 6), -1.0)
    found[1, :2] = [[5, 0.9, 1, 1, 4, 4], [6, 0.4, 1, 1, 4, 4]]
    axes = drawings.answers(images, images + 1, images + 2, boxes, found, NAMES).axes
    assert [len(corners(ax)) for ax in axes] == [1, 0, 1, 1, 0, 1, 1, 1]
    assert [text.get_text() for text in axes[5].texts] == ["class 5"]
    assert axes[6].images[0].get_array().max() == 1
    assert axes[7].images[0].get_array().max() == 2


def test_retrieved_frames_what_is_right() -> None:
    found = np.zeros((1, 3, 4, 4))
    axes = drawings.retrieved(
        np.ones((1, 4, 4)),
        {"net": (found, np.array([[True, False, True]])), "rule": (found, np.zeros((1, 3), bool))},
    ).axes
    assert len(axes) == 8
    styles = [ax.spines["left"].get_linestyle() for ax in axes]
    assert styles[1:4] == ["-", ":", "-"]
    assert styles[5:] == [":"] * 3
    assert [ax.get_ylabel() for ax in (axes[0], axes[4])] == ["net", "rule"]
