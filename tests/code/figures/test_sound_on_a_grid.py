"""The chapter's figures draw what they are given."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures import sound_on_a_grid as drawings

WORDS = ("zero", "one")


def record() -> SimpleNamespace:
    metrics: dict[str, np.ndarray] = {}
    for question, level in (("known", 0.9), ("unknown", 0.5)):
        for number, case in enumerate(drawings.NAMES):
            metrics[f"{question}_{case}"] = np.array([level, level - 0.1]) - 0.01 * number
        metrics[f"confusion_{question}_cnn"] = np.array([[[3, 1], [0, 4]], [[4, 0], [0, 4]]])
    return SimpleNamespace(metrics=metrics)


def test_the_pipeline_names_every_step() -> None:
    figure = drawings.pipeline([("waveform", "4,000"), ("frames", "19×400")])
    assert [text.get_text() for text in figure.axes[0].texts] == [
        *("waveform", "4,000", "frames", "19×400")
    ]


def test_every_filter_is_drawn_where_it_is() -> None:
    weights = np.array([[0, 1, 0.5, 0, 0], [0, 0, 0.5, 1, 0]])
    lines = drawings.mel(np.arange(5.0), np.arange(5.0), weights).axes[1].lines
    assert [line.get_xdata().tolist() for line in lines] == [[0, 1, 2, 3], [1, 2, 3, 4]]


def test_stages_share_their_time() -> None:
    generator = np.random.default_rng(0)
    parts = [generator.normal(size=(3, width)) for width in (201, 40, 13)]
    figure = drawings.stages(generator.normal(size=800), *parts, rate=8000.0, hop=200)
    assert figure.axes[0].get_xlim() == (0, 0.1)
    # Frame 0 holds samples 0 to 400: its middle, 0.025 s, is the middle of the first column.
    left, right, _, top = figure.axes[1].images[0].get_extent()
    assert (left + (right - left) / 6, top) == pytest.approx((0.025, 4))
    np.testing.assert_array_equal(figure.axes[3].images[0].get_array(), parts[2][:, 1:].T)


def test_heat_maps_have_one_scale() -> None:
    sequences = [np.full((n, 13), float(n)) for n in (4, 6, 5)]
    figure = drawings.heat_maps(sequences, ["a", "b", "c"])
    assert [ax.get_title() for ax in figure.axes[:3]] == ["a", "b", "c"]
    assert {ax.get_xlim() for ax in figure.axes[:3]} == {(-0.5, 5.5)}
    assert {ax.images[0].get_clim() for ax in figure.axes[:3]} == {(-3, 3)}


def test_the_window_stands_at_its_place_and_its_answer_is_marked() -> None:
    output = np.arange(9.0)
    figure = drawings.sliding(np.zeros((9, 13)), 5, 4, output)
    window = figure.axes[0].patches[0]
    assert (window.get_x(), window.get_width(), window.get_height()) == (1.5, 5, 13)
    assert [bar.get_height() for bar in figure.axes[1].patches] == [*output.tolist(), 4.0]


def test_accuracies_show_every_seed_and_the_mean() -> None:
    first, second = drawings.accuracies(record()).axes
    assert first.lines[0].get_xdata().tolist() == pytest.approx([90, 80])
    assert len(first.lines) == len(drawings.NAMES)
    means = [bar.get_segments()[0][0][0] for bar in second.collections]
    assert means == pytest.approx([45 - n for n in range(len(drawings.NAMES))])


def test_confusions_write_shares_of_a_word() -> None:
    figure = drawings.confusions(record(), WORDS)
    shown = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
    assert shown == {(0, 0): "88", (1, 0): "12", (1, 1): "100"}


def test_speakers_stand_in_the_order_of_the_seeds() -> None:
    ax = drawings.by_speaker(record(), {"anna": "Anna", "ben": "Ben"}).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["Anna", "Ben"]
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([50, 40])
