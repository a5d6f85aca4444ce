"""The cover shows the verdicts of its records, and copes with records that are not there."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures.cover import PANELS, cover


def record(outcome: str, config: dict | None = None, **metrics) -> SimpleNamespace:
    return SimpleNamespace(
        metrics=metrics, config=config or {}, verdict=SimpleNamespace(outcome=outcome)
    )


def records() -> dict[str, SimpleNamespace]:
    shares = {
        f"share_{name}": np.array([[0.0, 0.9], [0.1, 1.0]]) for name in ("sigmoid", "tanh", "relu")
    }
    return {
        "F2": record("holds", test_accuracy=np.array([0.89, 0.90, 0.90])),
        "N5": record("holds partly", {"widths": [1, 2]}, **shares),
        "D9": record(
            "does not hold",
            test_error_spirals_wide_20=np.array([0.02, 0.03]),
            test_error_spirals_deep_10_10=np.array([0.03, 0.04]),
        ),
        "N6": record(
            "does not hold",
            standardised_permutation=np.array([0.8]),
            raw_permutation=np.array([-0.1]),
        ),
    }


def labels(figure) -> list[str]:
    return [ax.texts[-1].get_text() for ax in figure.axes]


def test_three_panels_with_verdicts() -> None:
    assert labels(cover(records())) == ["F2: holds", "N5: holds partly", "D9: does not hold"]


@pytest.mark.parametrize("name", [name for name, *_ in PANELS])
def test_each_panel_alone(name: str) -> None:
    figure = cover({name: records()[name]})
    assert len(figure.axes) == 1
    assert figure.axes[0].get_ylabel()


def test_a_record_without_the_metrics_is_left_out() -> None:
    given = records() | {"N5": record("holds", other=np.array([1.0]))}
    assert labels(cover(given)) == ["F2: holds", "D9: does not hold", "N6: does not hold"]


def test_numbers_are_in_percent() -> None:
    ax = cover({"F2": records()["F2"]}).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [89, 90, 90])


def test_nothing_to_show() -> None:
    with pytest.raises(ValueError, match="give records of F2, N5, D9, N6"):
        cover({})
