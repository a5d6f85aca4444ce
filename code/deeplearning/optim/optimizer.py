"""What all optimisers share: their parameters, in groups with settings, and the memory that they keep of each."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from deeplearning.autograd import Tensor

Group = dict[str, Any]
Moving = Iterator[tuple[np.ndarray, np.ndarray, dict[str, Any], Group]]


class Optimizer:
    """The base of all optimisers; a subclass gives its settings and defines :meth:`step`.

    ``params`` are Tensors, or dictionaries ``{"params": [...], "lr": ...}`` with settings of their own. They are kept
    in ``param_groups``, a list of dictionaries, where schedules find and set the rates; ``lr`` reads the first group's
    rate and sets that of all. ``state`` holds what the optimiser remembers of each parameter. Names are PyTorch's.

    ``TypeError`` or ``ValueError`` for what is no parameter, is given twice, or for settings out of range.

    >>> from deeplearning import nn, optim
    >>> layer = nn.Linear(2, 1)
    >>> groups = [{"params": [layer.weight], "weight_decay": 0.01}, {"params": [layer.bias]}]
    >>> optimizer = optim.SGD(groups, lr=0.1)
    >>> [(group["lr"], group["weight_decay"]) for group in optimizer.param_groups]
    [(0.1, 0.01), (0.1, 0.0)]
    """

    def __init__(self, params: Iterable[Tensor] | Iterable[Group], defaults: Group) -> None:
        name = type(self).__name__
        if isinstance(params, Tensor):
            raise TypeError(f"{name}: the parameters are one Tensor; give a list: {name}([w], ...)")
        given: list[Any] = list(params)
        if not given:
            raise ValueError(
                f"{name}: no parameters; give model.parameters() of a model that has some"
            )
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self._add(group)

    def _add(self, given: Any) -> None:
        """Check a group and keep it, with the defaults for the settings that it leaves out."""
        name = type(self).__name__
        if not isinstance(given, dict) or "params" not in given:
            raise TypeError(
                f'{name}: a group of parameters is a {type(given).__name__}; give {{"params": [...], "lr": ...}}'
            )
        unknown = sorted(given.keys() - self.defaults.keys() - {"params"})
        if unknown:
            raise ValueError(f"{name}: no settings {unknown}; there are {sorted(self.defaults)}")
        one = isinstance(given["params"], Tensor)
        group = self.defaults | given | {"params": [given["params"]] if one else [*given["params"]]}
        known = {parameter for other in self.param_groups for parameter in other["params"]}
        for parameter in group["params"]:
            if not isinstance(parameter, Tensor):
                raise TypeError(
                    f"{name}: a parameter is a {type(parameter).__name__}; give Tensors: model.parameters()"
                )
            if not parameter.is_leaf:
                raise ValueError(
                    f"{name}: a parameter is an operation's result; give the tensors that it was made of"
                )
            if parameter in known:
                raise ValueError(
                    f"{name}: a parameter is given twice and would move two steps at once; give each once"
                )
            known.add(parameter)
        for setting, value in group.items():
            if isinstance(
                value, np.generic
            ):  # NumPy's own float64 would make float64 of float32 weights
                group[setting] = value.item()
        self._check(group)
        self.param_groups.append(group)

    def _check(self, group: Group) -> None:
        """Refuse settings out of range: all numbers must be finite and not negative, betas and decays below 1."""
        for setting, value in group.items():
            if setting == "params" or isinstance(value, bool):
                continue
            below = 1.0 if setting in ("betas", "alpha") else np.inf
            accepted = "0 <= number < 1" if below == 1.0 else "a finite number >= 0"
            for number in value if isinstance(value, tuple | list) else (value,):
                if not 0 <= number < below:
                    raise ValueError(f"{type(self).__name__}: {setting}={value!r}; give {accepted}")

    @property
    def params(self) -> list[Tensor]:
        """All parameters, group by group."""
        return [parameter for group in self.param_groups for parameter in group["params"]]

    @property
    def lr(self) -> float:
        """The learning rate of the first group; assigning one sets it for all groups."""
        return self.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.param_groups:
            group["lr"] = float(value)

    def zero_grad(self) -> None:
        """Forget all gradients, before the next backward pass."""
        for parameter in self.params:
            parameter.zero_grad()

    def step(self) -> None:
        """Move every parameter that has a gradient one step."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it moves; define step()")

    def _moving(self) -> Moving:
        """Yield of every parameter that has a gradient: its weights, to be changed in place; the gradient, to be left
        as it is; what is remembered of it, at first an empty dictionary; and its group's settings.
        """
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter._gradient is not None:
                    state = self.state.setdefault(parameter, {})
                    yield parameter._array, parameter._gradient._array, state, group
                    parameter._changes[0] += 1

    def state_dict(self) -> dict[str, Any]:
        """Return settings and memory: all that is needed to go on later exactly as if nothing had happened.

        The form is PyTorch's: ``state`` by the parameters' numbers, and ``param_groups`` with those numbers.
        """
        numbers = {parameter: number for number, parameter in enumerate(self.params)}
        return {
            "state": {
                numbers[parameter]: {key: _copy(value) for key, value in state.items()}
                for parameter, state in self.state.items()
                if state
            },
            "param_groups": [
                group | {"params": [numbers[parameter] for parameter in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned, here or in PyTorch; ``ValueError`` if it does not fit."""
        name = type(self).__name__
        missing = sorted({"state", "param_groups"} - saved.keys())
        if missing:
            raise ValueError(
                f"{name}: a state without {missing}; give what state_dict() of {name} returned"
            )
        groups, sizes = (
            saved["param_groups"],
            [len(group["params"]) for group in self.param_groups],
        )
        if [len(group["params"]) for group in groups] != sizes:
            given = [len(group["params"]) for group in groups]
            raise ValueError(
                f"{name}: a state for groups of {given} parameters; these are groups of {sizes}"
            )
        for group in groups:
            missing = sorted(self.defaults.keys() - group.keys())
            if missing:
                raise ValueError(
                    f"{name}: a state without {missing}; give what state_dict() of {name} returned"
                )
            if group.get("maximize"):
                raise ValueError(f"{name}: a state with maximize=True; this optimiser minimises")
            self._check({key: group[key] for key in self.defaults})
        numbers = [number for group in groups for number in group["params"]]
        loaded = {}
        for parameter, number in zip(self.params, numbers, strict=True):
            state = saved["state"].get(number, {})
            loaded[parameter] = {
                key: _restored(value, key, number, parameter, name)
                for key, value in state.items()
                if value is not None
            }
        self.state = loaded
        for own, group in zip(self.param_groups, groups, strict=True):
            # PyTorch's rates may be tensors, which a NumPy array does not take.
            own |= {
                key: value.item() if hasattr(value, "item") else value
                for key, value in group.items()
                if key != "params"
            }

    def __repr__(self) -> str:
        lines = [f"lr={group['lr']}, {len(group['params'])} tensors" for group in self.param_groups]
        return f"{type(self).__name__}({'; '.join(lines)})"


def _copy(value: Any) -> Any:
    return value.copy("K") if isinstance(value, np.ndarray) else value


def _restored(value: Any, key: str, number: int, parameter: Tensor, name: str) -> Any:
    """Return a saved value as it was: a count, or an array in the weights' precision and order of memory."""
    if key == "step":
        return int(value)
    array = np.asarray(value.detach() if hasattr(value, "detach") else value)
    if array.shape != parameter.shape:
        raise ValueError(
            f"{name}: a state with {key} of shape {array.shape} for parameter {number}, whose shape is "
            f"{parameter.shape}; load it into the optimiser of the same model"
        )
    restored = np.empty_like(parameter._array)
    restored[...] = array
    return restored
