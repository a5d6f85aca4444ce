"""Schedules: learning rates that change while a network learns."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any


class LRScheduler:
    r"""The base of all schedules: a rate for every step, set in an optimiser's groups.

    A subclass says in :meth:`rate` what the rate is at step t = 0, 1, 2, …, given the rate with which the group began.
    The first is set at once, each later one by :meth:`step`, after a batch or after an epoch as the caller counts.
    ``last_epoch`` is t, under PyTorch's name; to begin at a later step, give the last one that is past.
    ``ValueError`` for settings out of range.
    """

    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        if not hasattr(optimizer, "param_groups"):
            raise TypeError(
                f"{type(self).__name__}: the optimizer is a {type(optimizer).__name__}; give one of deeplearning.optim"
            )
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ValueError(
                    f"{type(self).__name__}: last_epoch={last_epoch} with an optimiser that no schedule has set; "
                    "load the states of both instead, or give -1"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def rate(self, step: int, base: float) -> float:
        """Return the learning rate at ``step`` of a group that began with the rate ``base``."""
        raise NotImplementedError(f"{type(self).__name__} has no rate(step, base)")

    def step(self) -> None:
        """Go on to the next rate; to be called after the optimiser's step."""
        self.last_epoch += 1
        self._set(self.last_epoch)

    def _set(self, step: int) -> None:
        """Set what belongs to ``step`` in every group of the optimiser."""
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = self.rate(step, base)

    def get_last_lr(self) -> list[float]:
        """Return the rate of every group that is set now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return the settings and the number of steps; the rates themselves are in the optimiser's state."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned; ``ValueError`` if it is another schedule's."""
        own = self.state_dict()
        if state.keys() != own.keys() or len(state["base_lrs"]) != len(own["base_lrs"]):
            raise ValueError(
                f"{type(self).__name__}: a state with {sorted(state)}; give what state_dict() of the same schedule "
                "returned, for an optimiser with as many groups"
            )
        vars(self).update(state)


class StepLR(LRScheduler):
    r"""Multiply the rate by γ every ``step_size`` steps: :math:`\eta_t = \eta_0\,\gamma^{\lfloor t/s\rfloor}`.

    Equal to PyTorch's, as all schedules here.

    >>> from deeplearning import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=0.5)
    >>> schedule = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> [(optimizer.lr, schedule.step())[0] for _ in range(5)]
    [0.5, 0.5, 0.25, 0.25, 0.125]
    """

    def __init__(
        self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        _positive("StepLR", "step_size", step_size)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, step: int, base: float) -> float:
        """Return the learning rate at ``step`` of a group that began with the rate ``base``."""
        return base * self.gamma ** (step // self.step_size)


class CosineAnnealingLR(LRScheduler):
    r"""Half a wave of the cosine, from the first rate down to ``eta_min`` in ``T_max`` steps :cite:`loshchilov2017`.

    .. math::
        \eta_t = \eta_{\min} + \tfrac12(\eta_0 - \eta_{\min})\bigl(1 + \cos(\pi t/T_{\max})\bigr)

    After ``T_max`` steps it rises again, as in PyTorch.

    >>> from deeplearning import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=0.5)
    >>> schedule = CosineAnnealingLR(optimizer, T_max=4)
    >>> [round((optimizer.lr, schedule.step())[0], 3) for _ in range(5)]
    [0.5, 0.427, 0.25, 0.073, 0.0]
    """

    def __init__(
        self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        _positive("CosineAnnealingLR", "T_max", T_max)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, step: int, base: float) -> float:
        """Return the learning rate at ``step`` of a group that began with the rate ``base``."""
        wave = 1 + math.cos(math.pi * step / self.T_max)
        return self.eta_min + (base - self.eta_min) * wave / 2


class LinearLR(LRScheduler):
    r"""Change the rate evenly from one share of the first rate to another, in ``total_iters`` steps.

    .. math::
        \eta_t = \eta_0\bigl(a + (b - a)\min(t/T, 1)\bigr)

    with :math:`a` = ``start_factor``, :math:`b` = ``end_factor`` and :math:`T` = ``total_iters``. From a small share up
    to 1 it is a warm-up.

    >>> from deeplearning import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=0.5)
    >>> warm_up = LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> [(optimizer.lr, warm_up.step())[0] for _ in range(5)]
    [0.125, 0.25, 0.375, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Any,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not (0 < start_factor <= 1 and 0 <= end_factor <= 1):
            raise ValueError(
                f"LinearLR: start_factor={start_factor!r}, end_factor={end_factor!r}; give shares of the rate: "
                "0 < start_factor <= 1, 0 <= end_factor <= 1"
            )
        _positive("LinearLR", "total_iters", total_iters)
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, step: int, base: float) -> float:
        """Return the learning rate at ``step`` of a group that began with the rate ``base``."""
        share = min(step, self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * share)


class SequentialLR(LRScheduler):
    """One schedule after the other: at each milestone the next begins with its own step 0.

    ``schedulers`` are of the same optimiser, one more than ``milestones``, which are numbers of steps. A warm-up and
    then a cosine:

    >>> from deeplearning import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=0.5)
    >>> parts = [LinearLR(optimizer, 0.25, total_iters=3), CosineAnnealingLR(optimizer, T_max=2)]
    >>> schedule = SequentialLR(optimizer, parts, milestones=[3])
    >>> [(optimizer.lr, schedule.step())[0] for _ in range(6)]
    [0.125, 0.25, 0.375, 0.5, 0.25, 0.0]
    """

    def __init__(
        self,
        optimizer: Any,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        if len(schedulers) != len(milestones) + 1 or list(milestones) != sorted(set(milestones)):
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedules and milestones {list(milestones)}; give rising milestones, "
                "one fewer than schedules"
            )
        if any(schedule.optimizer is not optimizer for schedule in schedulers):
            raise ValueError(
                "SequentialLR: the schedules belong to different optimisers; make all of this one"
            )
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        # A later OneCycleLR has set first rates of its own; a warm-up leads up to those, as in PyTorch.
        self.schedulers[0].base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        super().__init__(optimizer, last_epoch)

    def current(self, step: int) -> tuple[LRScheduler, int]:
        """Return the schedule whose turn it is at ``step``, and its own count of steps."""
        turn = bisect_right(self.milestones, step)
        return self.schedulers[turn], step - ([0, *self.milestones][turn])

    def rate(self, step: int, base: float) -> float:
        """Return the learning rate at ``step`` of a group that began with the rate ``base``."""
        schedule, own_step = self.current(step)
        return schedule.rate(own_step, base)

    def _set(self, step: int) -> None:
        schedule, own_step = self.current(step)
        schedule._set(own_step)

    def state_dict(self) -> dict[str, Any]:
        """Return the settings and the number of steps, with those of every part."""
        return super().state_dict() | {
            "schedulers": [part.state_dict() for part in self.schedulers]
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned; ``ValueError`` if it is another schedule's."""
        parts = self.schedulers
        if len(state.get("schedulers", ())) != len(parts):
            raise ValueError(
                f"SequentialLR: a state without {len(parts)} schedules; give that of one made alike"
            )
        super().load_state_dict(state)
        self.schedulers = parts
        for part, own in zip(parts, state["schedulers"], strict=True):
            part.load_state_dict(own)


class OneCycleLR(LRScheduler):
    r"""One cycle for the whole training: up to ``max_lr`` and then down to almost nothing :cite:`smith2019`.

    Between the rates :math:`\eta_{\max}/` ``div_factor``, :math:`\eta_{\max}` and the first of them /
    ``final_div_factor`` the way from :math:`a` to :math:`b` is :math:`b + (a - b)(1 + \cos\pi p)/2` at the share
    :math:`p` of a phase, or a straight line (``anneal_strategy`` "cos" or "linear"). The rise takes the share
    ``pct_start`` of ``total_steps`` = ``epochs`` · ``steps_per_epoch``; with ``three_phase`` the fall back to the
    first rate takes as long, and the rest goes on down. With ``cycle_momentum`` the momentum (or Adam's
    :math:`\beta_1`) runs the other way, from ``max_momentum`` to ``base_momentum`` and back. ``ValueError`` for
    settings out of range, and after more than ``total_steps`` steps.

    >>> from deeplearning import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1, momentum=0.9)
    >>> schedule = OneCycleLR(optimizer, max_lr=0.5, total_steps=10, pct_start=0.5)
    >>> [round((optimizer.lr, schedule.step())[0], 3) for _ in range(10)]
    [0.02, 0.09, 0.26, 0.43, 0.5, 0.452, 0.327, 0.173, 0.048, 0.0]
    """

    def __init__(
        self,
        optimizer: Any,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError(
                "OneCycleLR: how long? give total_steps, or epochs and steps_per_epoch"
            )
        self.total_steps = total_steps or (epochs or 0) * (steps_per_epoch or 0)
        _positive("OneCycleLR", "total_steps", self.total_steps)
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start={pct_start!r}; give a share from 0 to 1")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy={anneal_strategy!r}; give 'cos' or 'linear'"
            )
        defaults = optimizer.defaults
        if cycle_momentum and not {"momentum", "betas"} & defaults.keys():
            raise ValueError(
                f"OneCycleLR: {type(optimizer).__name__} has no momentum to cycle; give cycle_momentum=False"
            )
        groups = optimizer.param_groups
        peaks = [*max_lr] if isinstance(max_lr, Sequence) else [max_lr] * len(groups)
        if last_epoch == -1:
            for group, peak in zip(groups, peaks, strict=True):
                group["initial_lr"] = float(peak) / div_factor
        self.pct_start, self.anneal_strategy = pct_start, anneal_strategy
        self.cycle_momentum, self.three_phase = cycle_momentum, three_phase
        self.base_momentum, self.max_momentum = base_momentum, max_momentum
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        super().__init__(optimizer, last_epoch)

    def rate(self, step: int, base: float) -> float:
        """Return the learning rate at ``step`` of a group that began with the rate ``base``."""
        top, bottom = base * self.div_factor, base / self.final_div_factor
        return self._along(step, [base, top, *[base] * self.three_phase, bottom])

    def momentum(self, step: int) -> float:
        """Return the momentum at ``step``."""
        high, low = self.max_momentum, self.base_momentum
        return self._along(step, [high, low, *[high] * self.three_phase, high])

    def _along(self, step: int, values: list[float]) -> float:
        """Return the value at ``step`` on the way from each of ``values`` to the next, a phase each."""
        if step > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {step} of {self.total_steps}; give total_steps = epochs × batches an epoch"
            )
        rise = self.pct_start * self.total_steps
        ends = [rise - 1, *[2 * rise - 2] * self.three_phase, self.total_steps - 1]
        phase = next((i for i, end in enumerate(ends[:-1]) if step <= end), len(ends) - 1)
        begin, end = [0.0, *ends][phase], ends[phase]
        share = (step - begin) / (end - begin) if end > begin else 1.0
        if self.anneal_strategy == "cos":
            share = (1 - math.cos(math.pi * share)) / 2
        return values[phase] + (values[phase + 1] - values[phase]) * share

    def _set(self, step: int) -> None:
        super()._set(step)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (self.momentum(step), *group["betas"][1:])
                else:
                    group["momentum"] = self.momentum(step)


def _positive(schedule: str, name: str, value: Any) -> None:
    """Refuse a number of steps that is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{schedule}: {name}={value!r}; give a whole number of steps >= 1")
