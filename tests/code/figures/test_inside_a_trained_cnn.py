"""Figures of the chapter on the inside of a trained network: what they draw."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures import inside_a_trained_cnn as drawings
from deeplearning.records import Metrics


def test_kernels_stand_above_their_fits_and_the_bank() -> None:
    learned = np.stack([np.eye(3), -2 * np.eye(3)])
    figure = drawings.kernels(learned, learned / 2, [1.0, 0.25], np.ones((4, 3, 3)))
    assert len(figure.axes) == 6
    assert [ax.get_title() for ax in figure.axes[2:4]] == ["cos 1.00", "cos 0.25"]
    assert np.array_equal(figure.axes[3].images[0].get_array(), -np.eye(3))
    assert figure.axes[3].images[0].get_clim() == (-2, 2)  # a fit has the scale of its kernel


def test_through_draws_every_map_and_the_scores() -> None:
    stages = {"maps": np.ones((9, 4, 4)), "vector": np.arange(5.0)}
    figure = drawings.through(np.eye(6), stages, [1.0, -2.0], ["a", "b"])
    drawn = [ax for ax in figure.axes if ax.images]
    assert len(drawn) == 1 + 9 + 1
    assert drawn[-1].images[0].get_array().shape == (1, 5)
    assert [bar.get_height() for bar in figure.axes[-1].patches] == [1.0, -2.0]


def test_fields_frame_what_is_seen() -> None:
    figure = drawings.fields(np.zeros((8, 8)), {"first": (1, 2, 3), "second": (-1, 0, 6)})
    frame = figure.axes[1].patches[0]
    assert (frame.get_xy(), frame.get_width()) == ((-0.5, -1.5), 6)
    assert figure.axes[0].get_title() == "first\n3 × 3"


def test_patches_have_a_strip_a_map() -> None:
    figure = drawings.patches([np.full((4, 3, 3), k) for k in range(3)])
    assert [bool(ax.images) for ax in figure.axes] == [True, True, True, False]
    strip = figure.axes[2].images[0].get_array()
    assert strip.shape == (5, 20)
    assert np.nanmax(strip) == 1  # down the first column, then the second


@pytest.mark.parametrize("sign", [1, -1])
def test_explanations_have_a_sign_where_values_have(sign: int) -> None:
    values = np.arange(9.0).reshape(1, 3, 3) * sign
    figure = drawings.explanations(np.eye(3)[None], ["one"], {"map": values})
    image, drawn = figure.axes
    assert image.get_ylabel() == "one"
    assert drawn.get_title() == "map"
    limits = drawn.images[0].get_clim()
    assert limits == ((0, 8) if sign == 1 else (-8, 8))


def record() -> SimpleNamespace:
    rng = np.random.default_rng(0)
    raw = {f"accuracy_{kind}": rng.random((5, 3)).tolist() for kind in drawings.ORDERS}
    raw |= {
        f"randomised_{kind}": rng.random((5, 4)).tolist()
        for kind in ("gradient", "smooth", "occlusion")
    }
    raw |= {
        f"retrained_{kind}": rng.random(5).tolist()
        for kind in ("nothing", "random", "brightest", "edges", "gradient")
    }
    return SimpleNamespace(config={"shares": [0.0, 0.1, 0.5]}, metrics=Metrics(raw))


def test_deletion_draws_the_mean_of_every_order() -> None:
    made = record()
    lines = drawings.deletion(made).axes[0].lines
    assert [line.get_label() for line in lines[:6]] == list(drawings.ORDERS.values())
    assert np.allclose(lines[4].get_ydata(), made.metrics.mean("accuracy_brightest"))


def test_checks_begin_at_one_and_show_every_seed() -> None:
    made = record()
    left, right = drawings.checks(made).axes
    expected = np.r_[1, made.metrics.mean("randomised_smooth")]
    assert np.allclose(left.lines[1].get_ydata(), expected)
    assert np.allclose(right.lines[0].get_ydata(), made.metrics["retrained_nothing"])
