"""Who computes recurrent cells and sequences: ours, every rung, PyTorch's cell, and PyTorch's layer.

On a GPU the layer is cuDNN's: in float16 and float32 always, in bfloat16 only with recent versions of both. So
sequences are timed in float16 too.
"""

from __future__ import annotations

from typing import Any

import torch

from deepkernels.bench.contenders import Bench, Function, Tensors
from deepkernels.bench.session import Problem

GATES = {"lstm": 4, "gru": 3}
CELLS: dict[str, Function] = {"lstm": torch.lstm_cell, "gru": torch.gru_cell}
LAYERS: dict[str, Any] = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def problem(bench: Bench) -> Problem:
    """Return the problem of a cell (one step) or of a sequence; the state is (h, c) of an LSTM, (h,) of a GRU."""
    shape = bench.case.shape
    kind, steps = shape["kind"], shape["T"]
    rows, inputs, hidden = shape["B"], shape["I"], shape["H"]
    states = 2 if kind == "lstm" else 1

    def make() -> Tensors:
        x = bench.normal(rows, inputs) if steps == 1 else bench.normal(steps, rows, inputs)
        state = [bench.normal(rows, hidden) for _ in range(states)]
        wide = GATES[kind] * hidden
        weights = [bench.normal(wide, n, scale=hidden**-0.5) for n in (inputs, hidden)]
        return (x, *state, *weights, *(bench.normal(wide, scale=0.1) for _ in range(2)))

    def split(tensors: Tensors) -> tuple[torch.Tensor, Tensors, Tensors]:
        return tensors[0], tensors[1 : 1 + states], tensors[1 + states :]

    build = _cell if steps == 1 else _sequence
    contenders, reference = build(bench, kind, split)
    compiled = reference if bench.case.group.endswith("-cell") else None
    found = bench.problem(make, contenders, reference, compiled=compiled)
    # The state is rounded from step to step, and rungs in several launches round pre-activations too.
    found.roundings = 4
    return found


def _cell(bench: Bench, kind: str, split: Function) -> tuple[dict[str, Function], Function]:
    from deepkernels.recurrent import gru_cell, ladder, lstm_cell

    both: dict[str, Function] = {"lstm": lstm_cell, "gru": gru_cell}
    ours = both[kind]

    def called(function: Function) -> Function:
        def run(*tensors: torch.Tensor) -> Any:
            x, state, weights = split(tensors)
            return function(x, state if kind == "lstm" else state[0], *weights)

        return run

    contenders: dict[str, Function] = {}
    if bench.case.group == "ladder":
        for name, rung in ladder.CELLS.items():
            contenders[name] = lambda *tensors, rung=rung: _rung(rung, kind, *split(tensors))
    contenders |= {"ours": called(ours), "vendor": called(CELLS[kind])}
    if bench.device.type == "cuda":
        layer = _Layer(kind)
        contenders["layer"] = lambda *tensors: layer(*split(tensors))[1:]
    return contenders, called(CELLS[kind])


def _sequence(bench: Bench, kind: str, split: Function) -> tuple[dict[str, Function], Function]:
    from deepkernels.recurrent import gru, ladder, lstm

    both: dict[str, Function] = {"lstm": lstm, "gru": gru}
    ours = both[kind]

    def run(*tensors: torch.Tensor) -> list[torch.Tensor]:
        x, state, weights = split(tensors)
        state = tuple(one[None] for one in state)
        y, after = ours(x, state if kind == "lstm" else state[0], *weights)
        return [y, *(one[0] for one in (after if kind == "lstm" else (after,)))]

    def reference(*tensors: torch.Tensor) -> list[torch.Tensor]:
        x, state, weights = split(tensors)
        outputs = []
        for now in x:
            found = CELLS[kind](now, state if kind == "lstm" else state[0], *weights)
            state = found if kind == "lstm" else (found,)
            outputs.append(state[0])
        return [torch.stack(outputs), *state]

    layer = _Layer(kind)
    contenders: dict[str, Function] = {}
    if bench.case.group == "ladder":
        for name, rung in ladder.SEQUENCES.items():
            contenders[name] = lambda *tensors, rung=rung: _rung(rung, kind, *split(tensors))
    contenders |= {"ours": run, "vendor": lambda *tensors: layer(*split(tensors))}
    return contenders, reference


def _rung(
    rung: Function, kind: str, x: torch.Tensor, state: Tensors, weights: Tensors
) -> list[torch.Tensor]:
    found = rung(kind, x, state, *weights)
    return [found[0], *found[1]] if isinstance(found[1], tuple) else list(found)


class _Layer:
    """PyTorch's layer, with weights laid out once as the library wants them."""

    def __init__(self, kind: str) -> None:
        self.kind, self.layers = kind, {}  # type: ignore[var-annotated]

    def __call__(self, x: torch.Tensor, state: Tensors, weights: Tensors) -> list[torch.Tensor]:
        layer = self.layers.get(weights[0].data_ptr())
        if layer is None:
            hidden = weights[1].shape[1]
            layer = LAYERS[self.kind](x.shape[-1], hidden, device=x.device, dtype=x.dtype)
            names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
            layer.load_state_dict(dict(zip(names, weights, strict=True)))
            layer.requires_grad_(False).flatten_parameters()
            self.layers[weights[0].data_ptr()] = layer
        steps = x if x.dim() == 3 else x[None]
        before = tuple(one[None] for one in state)
        y, after = layer(steps, before if self.kind == "lstm" else before[0])
        return [y, *(one[0] for one in (after if self.kind == "lstm" else (after,)))]
