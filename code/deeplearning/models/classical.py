"""Four methods of machine learning that are no networks, each with the few settings that validation chooses from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier


@dataclass(frozen=True)
class Classical:
    """A method of scikit-learn, what is fixed about it and what is tried.

    Args:
        title: how figures call it.
        estimator: the class.
        fixed: settings that are always used.
        grid: settings of which validation chooses one.
        random: whether it draws random numbers.
    """

    title: str
    estimator: Callable[..., Any]
    fixed: Mapping[str, Any]
    grid: Sequence[Mapping[str, Any]]
    random: bool


CLASSICAL = {
    "neighbours": Classical(
        "nearest neighbours", KNeighborsClassifier, {"algorithm": "brute"},
        [{"n_neighbors": 1}, {"n_neighbors": 5}, {"n_neighbors": 15}], random=False,
    ),
    "logistic": Classical(
        "logistic regression", LogisticRegression, {"max_iter": 60},
        [{"C": 0.01}, {"C": 0.1}, {"C": 1.0}], random=False,
    ),
    "forest": Classical(
        "random forest", RandomForestClassifier, {"n_estimators": 30},
        [{"min_samples_leaf": 1}, {"min_samples_leaf": 3}], random=True,
    ),
    "boosting": Classical(
        "gradient boosting", HistGradientBoostingClassifier,
        {"max_iter": 50, "max_bins": 63, "early_stopping": False},
        [{"learning_rate": 0.1}, {"learning_rate": 0.2}], random=True,
    ),
}  # fmt: skip


def classical(name: str, choice: int, seed: int, **changes: Any) -> Any:
    """Make an estimator, not yet fitted, with ``fit(x, y)`` and ``predict(x)``.

    ``name`` is a key of :data:`CLASSICAL`, ``choice`` the number of a setting of its grid, ``seed`` what random numbers
    start from; ``changes`` replace what is fixed. ``ValueError`` for anything else. Source: Pedregosa and others,
    "Scikit-learn" (2011).

    >>> classical("neighbours", 1, seed=0).fit([[0.0], [1.0], [2.0], [3.0], [4.0]], [0, 0, 0, 1, 1]).predict([[9.0]])
    array([0])
    """
    if name not in CLASSICAL:
        raise ValueError(f"classical: name={name!r}; give one of {', '.join(CLASSICAL)}")
    method = CLASSICAL[name]
    if not 0 <= choice < len(method.grid):
        raise ValueError(
            f"classical: choice={choice} of {name}; its grid has the numbers 0 to {len(method.grid) - 1}"
        )
    chance = {"random_state": seed} if method.random else {}
    return method.estimator(**{**method.fixed, **changes}, **method.grid[choice], **chance)
