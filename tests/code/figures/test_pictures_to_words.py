"""The figures of the chapter on captions show the numbers that they are given."""

import numpy as np

from deeplearning.figures import pictures_to_words as drawings
from deeplearning.records import Metrics

CASES = ("tell", "attend", "deaf", "blind")


def texts(ax: object) -> list[str]:
    return [text.get_text() for text in ax.texts]  # type: ignore[attr-defined]


def test_scenes_are_numbered_and_share_one_scale() -> None:
    axes = drawings.scenes(np.ones((3, 4, 4)) * 0.5, columns=2).axes
    assert [ax.get_title() for ax in axes] == ["1", "2", "3", ""]
    assert axes[0].images[0].get_clim() == (0, 1)


def test_forcing_feeds_the_true_words_above_and_the_said_ones_below() -> None:
    above, below = drawings.forcing(["a", "two", "<end>"], ["a", "six", "<end>"]).axes
    assert texts(above).count("two") == 2  # heard, and the loss's true word
    assert texts(above).count("six") == 1
    assert texts(below).count("two") == 0
    assert texts(below).count("six") == 2


def test_by_word_draws_a_curve_a_word() -> None:
    losses = np.array([[3.0, 2.0], [1.0, 0.5]])
    ax = drawings.by_word(np.array([10, 20]), losses, ["a", "b"], [0.7]).axes[0]
    np.testing.assert_allclose(ax.lines[1].get_xydata(), [[10, 2], [20, 0.5]])
    assert np.allclose(ax.lines[2].get_ydata(), 0.7)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_beam_draws_every_candidate_and_boxes_what_is_kept() -> None:
    steps = [
        [(0, "a", 0.6, True), (0, "b", 0.3, True), (0, "c", 0.1, False)],
        [(1, "d", 0.3, True), (0, "e", 0.25, True), (0, "f", 0.2, False)],
    ]
    ax = drawings.beam(steps, "start").axes[0]
    assert {"start", "a 0.60", "c 0.10", "d 0.30", "f 0.20"} <= set(texts(ax))
    assert len(ax.patches) == 5
    # d grew from b, the second kept one.
    assert ax.lines[3].get_xydata()[0, 1] == ax.lines[1].get_xydata()[1, 1]


def test_looks_lay_the_weights_over_the_scene() -> None:
    weights = np.zeros((2, 4))
    weights[0, 1] = weights[1, 2] = 1
    axes = drawings.looks(np.zeros((8, 8)), ["a", "two"], weights, columns=2).axes
    assert [ax.get_title() for ax in axes] == ["a", "two"]
    np.testing.assert_array_equal(axes[0].images[1].get_array(), [[0, 1], [0, 0]])
    np.testing.assert_array_equal(axes[1].images[1].get_array(), [[0, 0], [1, 0]])
    assert axes[0].images[0].get_extent() == axes[0].images[1].get_extent()


def metrics() -> Metrics:
    raw: dict[str, list] = {}
    for number, case in enumerate(CASES):
        raw[f"loss_{case}"] = [[1.0, 0.5 + number / 10]] * 2
        for pairs in ("seen", "unseen"):
            raw[f"digits_en_{pairs}_{case}"] = [0.9, 0.9]
            raw[f"relation_en_{pairs}_{case}"] = [0.7, 0.8]
            for language in ("en", "ko"):
                raw[f"exact_greedy_{language}_{pairs}_{case}"] = [0.1 * number, 0.1 * number + 0.02]
    return Metrics(raw)


def test_exact_puts_every_seed_in_per_cent() -> None:
    above, below = drawings.exact(metrics(), 0.95).axes
    dots = [line for line in above.lines if line.get_linestyle() == "None"]
    np.testing.assert_allclose(dots[2].get_xdata(), [10, 12])
    assert [label.get_text() for label in above.get_yticklabels()] == list(drawings.CASES.values())
    assert any(np.allclose(line.get_xdata(), 95) for line in below.lines)


def test_mistakes_add_up_to_what_is_not_right() -> None:
    ax = drawings.mistakes(metrics()).axes[0]
    widths = [[bar.get_width() for bar in group] for group in ax.containers]
    np.testing.assert_allclose(widths, [[10] * 4, [15] * 4])


def test_learning_draws_a_line_a_seed_and_the_floor() -> None:
    ax = drawings.learning(metrics(), 0.1).axes[0]
    assert len(ax.lines) == 2 * len(CASES) + 1
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1, 0.5])
    assert np.allclose(ax.lines[-1].get_ydata(), 0.1)
