"""Values over seeds: what an experiment's criterion, its record and its figures read."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from deeplearning.records.errors import RecordError

Values = Mapping[str, Any]


def clean_values(values: Values, missing: Sequence[str] = (), where: str = "run") -> dict[str, Any]:
    """Turn what one seed returned into plain Python numbers and (nested) lists of them.

    NumPy scalars and arrays become numbers and lists, booleans become 0 or 1.

    Args:
        values: metric name (snake_case) to number, or (nested) list of numbers.
        missing: names of the metrics in which None is allowed and means "no value for this seed".
        where: how to name the origin in an error.

    Raises:
        RecordError: no metric at all, a name that is not snake_case, a value that is not a number, NaN
            or infinity, or None in a metric that `missing` does not name.

    >>> clean_values({"accuracy": np.float32(0.5), "losses": np.array([3.0, 1.0]), "solved": True})
    {'accuracy': 0.5, 'losses': [3.0, 1.0], 'solved': 1}
    """
    if not isinstance(values, Mapping) or not values:
        raise RecordError(
            f"{where}: expected a non-empty dict of metric name to value, got {values!r}"
        )
    result = {}
    for name, value in values.items():
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise RecordError(
                f"{where}: a metric's name is snake_case such as 'test_accuracy'; got {name!r}"
            )
        result[name] = _clean(value, f"{where}: metric {name!r}", name in missing)
    return result


def _clean(value: Any, where: str, may_miss: bool) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_clean(element, where, may_miss) for element in value]
    if value is None:
        if may_miss:
            return None
        raise RecordError(
            f"{where} has no value (None); return a number, or name the metric in Experiment(missing=(…,)) "
            "if a seed may have none"
        )
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise RecordError(
                f"{where} is {value}; records hold finite numbers only. Find out why it diverged, return a "
                "finite measure (such as a count of diverged runs), or return None and name the metric in "
                "Experiment(missing=(…,))"
            )
        return value
    raise RecordError(
        f"{where}: expected a number or a (nested) list of numbers, got {type(value).__name__}"
    )


def _as_array(name: str, raw: Sequence[Any]) -> np.ndarray:
    if all(value is None or isinstance(value, (int, float)) for value in raw):
        return np.array([np.nan if value is None else value for value in raw], dtype=np.float64)
    try:
        # None becomes nan here, lists of different lengths raise ValueError.
        return np.array(raw, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise RecordError(
            f"metric {name!r} has lists of different lengths over its seeds; give every seed the same shape "
            "(pad with None and name the metric in Experiment(missing=(…,)), or return a summary instead)"
        ) from error


class Metrics(Mapping[str, np.ndarray]):
    """Metric name to array over seeds, with statistics over the first axis.

    `metrics[name]` has shape (S,) for a scalar metric and (S, …) for a list metric, S = number of seeds, dtype
    float64. A missing value is NaN and is left out of the statistics.

    Args:
        raw: metric name to list over seeds of numbers or (nested) lists of numbers.

    Raises:
        RecordError: numbers of seeds that differ, or lists whose lengths differ between seeds.
        KeyError: reading a metric that does not exist; the message names those that do.

    >>> metrics = Metrics({"accuracy": [0.5, 0.75, 1.0], "losses": [[2.0, 1.0], [4.0, 1.0], [6.0, 1.0]]})
    >>> metrics["accuracy"]
    array([0.5 , 0.75, 1.  ])
    >>> metrics.mean("accuracy"), metrics.std("accuracy")
    (0.75, 0.25)
    >>> metrics.mean("losses")
    array([4., 1.])
    """

    def __init__(self, raw: Mapping[str, Sequence[Any]]) -> None:
        self.raw: dict[str, list[Any]] = {name: list(values) for name, values in raw.items()}
        counts = {name: len(values) for name, values in self.raw.items()}
        if not counts or len(set(counts.values())) != 1 or 0 in counts.values():
            raise RecordError(
                f"every metric needs one value a seed, at least one seed; got counts {counts}"
            )
        self.seeds = next(iter(counts.values()))
        self._arrays = {name: _as_array(name, values) for name, values in self.raw.items()}
        for array in self._arrays.values():
            array.flags.writeable = False

    @classmethod
    def from_seeds(cls, per_seed: Sequence[Values]) -> Metrics:
        """Collect the values of several seeds, in their order.

        >>> Metrics.from_seeds([{"loss": 1.0}, {"loss": 3.0}]).mean("loss")
        2.0
        """
        if not per_seed:
            raise RecordError("at least one seed's values are needed")
        names = set(per_seed[0])
        for index, values in enumerate(per_seed):
            if set(values) != names:
                raise RecordError(
                    f"all seeds must return the same metrics; the first returned {sorted(names)}, "
                    f"number {index + 1} returned {sorted(values)}"
                )
        return cls({name: [values[name] for values in per_seed] for name in sorted(names)})

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            near = difflib.get_close_matches(str(name), list(self._arrays), n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise KeyError(f"no metric {name!r}{hint}; there are {', '.join(sorted(self._arrays))}")
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"Metrics({self.seeds} seeds: {', '.join(sorted(self._arrays))})"

    def mean(self, name: str) -> Any:
        """Mean over seeds: a float for a scalar metric, an array for a list metric."""
        return self._over_seeds(name, np.mean)

    def std(self, name: str) -> Any:
        """Sample standard deviation over seeds (ddof = 1); 0.0 for one seed."""
        return self._over_seeds(
            name, lambda values: np.std(values, ddof=1) if len(values) > 1 else 0.0
        )

    def min(self, name: str) -> Any:
        """Least value over seeds."""
        return self._over_seeds(name, np.min)

    def max(self, name: str) -> Any:
        """Greatest value over seeds."""
        return self._over_seeds(name, np.max)

    def median(self, name: str) -> Any:
        """Median over seeds."""
        return self._over_seeds(name, np.median)

    def _over_seeds(self, name: str, statistic: Any) -> Any:
        array = self[name]
        columns = array.reshape(array.shape[0], -1)

        def one(column: np.ndarray) -> float:
            present = column[~np.isnan(column)]
            return float(statistic(present)) if len(present) else math.nan

        result = np.array([one(column) for column in columns.T]).reshape(array.shape[1:])
        return float(result) if array.ndim == 1 else result

    def summary(self) -> dict[str, dict[str, float | None]]:
        """Mean, std, min, max and median of every scalar metric (None where all seeds are missing).

        >>> Metrics({"loss": [1.0, 3.0]}).summary()["loss"]["mean"]
        2.0
        """
        names = ("mean", "std", "min", "max", "median")
        table: dict[str, dict[str, float | None]] = {}
        for metric, array in self._arrays.items():
            if array.ndim == 1:
                numbers = {statistic: getattr(self, statistic)(metric) for statistic in names}
                table[metric] = {
                    key: None if math.isnan(value) else value for key, value in numbers.items()
                }
        return table
