"""The chapter's figures draw what they are given."""

import numpy as np
import pytest

from deeplearning.figures import networks_that_generate as drawings

RNG = np.random.default_rng(0)


def metrics() -> dict[str, np.ndarray]:
    values = {"sure_test": np.array([0.95, 0.93])}
    for number, name in enumerate(drawings.NAMES):
        values[f"nats_{name}"] = np.array([200.0, 198.0]) - 25 * number
        values[f"told_apart_{name}"] = np.array([1.0, 0.98]) - 0.05 * number
        values[f"sure_{name}"] = np.array([0.5, 0.6]) + 0.05 * number
    return values


@pytest.mark.parametrize("bits", [1, 3])
def test_unpacked_reads_the_lowest_bits_first(bits: int) -> None:
    levels = RNG.integers(0, 2**bits, 784)
    each = 28 if bits == 1 else 17
    numbers = [
        sum(int(v) * 2 ** (bits * n) for n, v in enumerate(levels[start : start + each]))
        for start in range(0, 784, each)
    ]
    found = drawings.unpacked([numbers], bits)
    assert found.shape == (1, 28, 28)
    np.testing.assert_allclose(found.ravel(), levels / (2**bits - 1))


def test_pictures_lie_side_by_side_with_dark_ink() -> None:
    images = np.zeros((4, 28, 28))
    images[1, 3, 5] = 1
    drawn = drawings.pictures(images, columns=2).axes[0].images[0].get_array()
    assert drawn.shape == (60, 60)
    assert drawn[1 + 3, 30 + 1 + 5] == 0
    assert drawn[1 + 3, 1 + 5] == 1


def test_rows_have_names() -> None:
    groups = {"test": np.zeros((3, 28, 28)), "drawn": np.ones((5, 28, 28))}
    figure = drawings.rows(groups, columns=3)
    assert [ax.get_ylabel() for ax in figure.axes] == ["test", "drawn"]
    assert figure.axes[1].images[0].get_array().shape == (30, 90)


def test_the_autoencoder_names_its_parts() -> None:
    texts = [text.get_text() for text in drawings.autoencoder().axes[0].texts]
    assert {"encoder", "decoder", "N×784", "N×20"} <= set(texts)


def test_noise_lands_at_mean_plus_width_times_noise() -> None:
    noise = np.array([-1.0, 0.0, 2.0])
    lines = drawings.shifted_noise(noise, [-1.0, 2.0], [0.5, 0.1]).axes[0].lines
    landed = [line.get_xdata().tolist() for line in lines if len(line.get_xdata()) == 3]
    assert [[round(x, 9) for x in one] for one in landed] == [
        [-1.0, 0.0, 2.0],
        [-1.5, -1.0, 0.0],
        [1.9, 2.0, 2.2],
    ]


def test_bounds_and_the_exact_number() -> None:
    nats = np.array([[150.0, 147.0], [152.0, 149.0]])
    ax = drawings.bound_over_draws([1, 10], nats, np.array([146.0, 148.0])).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [151, 148])
    assert ax.lines[1].get_ydata()[0] == 147
    assert ax.get_xscale() == "log"


def test_every_code_is_drawn_as_its_digit() -> None:
    codes, labels = RNG.normal(size=(30, 2)), np.arange(30) % 10
    texts = drawings.plane(codes, labels).axes[0].texts
    placed = {(round(t.get_position()[0], 6), t.get_text()) for t in texts}
    assert placed == {(round(float(c[0]), 6), str(d)) for c, d in zip(codes, labels, strict=True)}


def test_the_field_shows_what_is_seen() -> None:
    reached = RNG.random((28, 28)) < 0.5
    figure = drawings.field({"a": reached, "b": ~reached}, (4, 7))
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array() < 1, reached)
    assert figure.axes[1].patches[0].get_xy() == (6.5, 3.5)


def test_masks_are_written_out() -> None:
    figure = drawings.masks({"first": np.array([[1, 1, 1], [1, 0, 0], [0, 0, 0]])})
    assert [text.get_text() for text in figure.axes[0].texts] == list("111100000")


def test_models_stand_in_one_order() -> None:
    ax = drawings.line_up(metrics()).axes[0]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list(drawings.NAMES.values())
    assert ax.get_ylim()[0] == 0


def test_likelihood_beside_look() -> None:
    left, right = drawings.likely_or_alike(metrics()).axes
    assert left.lines[0].get_ydata().tolist() == [1.0, 0.98]
    assert right.lines[-1].get_ydata()[0] == pytest.approx(0.94)


def test_collapse() -> None:
    active = np.array([[2, 8], [2, 10]])
    figure = drawings.collapse([2, 20], active, active + 5.0, [0, 7], active - 1.0)
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[2, 9], [7, 14]]
    assert figure.axes[1].lines[0].get_ydata().tolist() == [1, 8]


def test_histograms_count_everything() -> None:
    values = {"a": RNG.normal(size=50), "b": RNG.normal(size=70) + 3}
    ax = drawings.histograms(values, "nats").axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    tops = [patch.get_xy()[:, 1] for patch in ax.patches]
    counted = [int(sum(t[1:-1:2][:30])) for t in tops]
    assert counted == [50, 70]
