"""Recurrent layers: RNN, LSTM and GRU, in several layers, one or both directions, on padded or packed sequences."""

import math
import warnings
from numbers import Integral
from typing import Any

import numpy as np

from deeplearning.autograd import Operation, Tensor, apply, cat, stack, zeros
from deeplearning.autograd.operations import recurrence
from deeplearning.autograd.operations.packing import Pick
from deeplearning.nn import functional as F
from deeplearning.nn import init
from deeplearning.nn.module import Module, Parameter
from deeplearning.nn.packing import PackedSequence


class _Recurrent(Module):
    """What the three layers share: parameters and their names, layers above one another, directions, packing."""

    gates = 1  # blocks of rows in the weights
    states = 1  # what is handed from step to step: h, or h and c

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        name = type(self).__name__
        check_sizes(name, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if isinstance(dropout, bool) or not 0 <= dropout < 1:
            raise ValueError(
                f"{name}: dropout={dropout!r}; give a probability with 0 <= dropout < 1"
            )
        if dropout > 0 and num_layers == 1:
            # So that it names the line that makes the layer: RNN has a constructor of its own in between.
            stacklevel = 3 if "__init__" in vars(type(self)) else 2
            warnings.warn(
                f"{name}: dropout={dropout} with num_layers=1 drops nothing; it acts between layers, so give "
                "num_layers=2 or more, or put nn.Dropout after the layer",
                stacklevel=stacklevel,
            )
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional = bidirectional
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size * (1 + bidirectional)
            for names in self._names(layer):
                register(self, names, self.gates, width, hidden_size)

    def _names(self, layer: int) -> list[list[str]]:
        """Return the names of a layer's parameters, for each direction."""
        kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"][: 4 if self.bias else 2]
        ends = ["", "_reverse"] if self.bidirectional else [""]
        return [[f"{kind}_l{layer}{end}" for kind in kinds] for end in ends]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction, in the order of their names."""
        return [
            [getattr(self, name) for name in names]
            for layer in range(self.num_layers)
            for names in self._names(layer)
        ]

    def _operation(self, batch_sizes: Any, reverse: bool) -> Operation:
        raise NotImplementedError

    def _run(self, x: Tensor | PackedSequence, initial: tuple[Tensor, ...] | None) -> Any:
        """Return the output, and the tuple of last states: h, or h and c."""
        rows, batch_sizes, unbatched = self._unpack(x)
        batch = int(batch_sizes[0])
        shape = (self.num_layers * (1 + self.bidirectional), batch, self.hidden_size)
        starts = self._initial(initial, shape, rows.dtype, unbatched)
        if isinstance(x, PackedSequence) and x.sorted_indices is not None and initial is not None:
            starts = [_reorder(start, x.sorted_indices) for start in starts]
        total = len(rows)
        last: list[list[Tensor]] = [[] for _ in range(self.states)]
        for layer in range(self.num_layers):
            if layer:
                rows = F.dropout(rows, self.dropout, self.training)
            outputs = []
            for direction, names in enumerate(self._names(layer)):
                number = len(last[0])
                result = apply(
                    self._operation(batch_sizes, reverse=direction == 1),
                    rows,
                    *[None if start is None else start[number] for start in starts],
                    *[getattr(self, name) for name in names],
                    *([] if self.bias else [None, None]),
                )
                outputs.append(apply(Pick(slice(0, total)), result))
                for k in range(self.states):
                    begin = total + k * batch
                    last[k].append(apply(Pick(slice(begin, begin + batch)), result))
            rows = outputs[0] if len(outputs) == 1 else cat(outputs, dim=1)
        ends = [stack(several) for several in last]
        if isinstance(x, PackedSequence):
            if x.unsorted_indices is not None:
                ends = [_reorder(end, x.unsorted_indices) for end in ends]
            return x._replace(data=rows), tuple(ends)
        if unbatched:
            return rows, tuple(end[:, 0] for end in ends)
        output = rows.reshape(len(batch_sizes), batch, -1)
        return (output.transpose(0, 1) if self.batch_first else output), tuple(ends)

    def _unpack(self, x: Tensor | PackedSequence) -> tuple[Tensor, np.ndarray, bool]:
        """Return the rows (R, I) of all steps, how many each step has, and whether there was no batch axis."""
        name, unbatched = type(self).__name__, False
        dims: tuple[int, ...] = (2,)
        if isinstance(x, PackedSequence):
            rows, batch_sizes = x.data, x.batch_sizes.data
        else:
            rows, dims, unbatched = x, (2, 3), x.ndim == 2
        dtype = self.weight_ih_l0.dtype  # type: ignore[attr-defined]
        if rows.ndim not in dims or rows.shape[-1] != self.input_size or rows.dtype != dtype:
            wanted = (
                "packed rows (R, {0})"
                if dims == (2,)
                else "(N, T, {0})"
                if self.batch_first
                else "(T, N, {0})"
            )
            raise ValueError(
                f"{name}: an input of shape {rows.shape} and {rows.dtype}; give {wanted.format(self.input_size)}"
                f"{'' if dims == (2,) else f', or one sequence (T, {self.input_size}),'} of {dtype}"
            )
        if not isinstance(x, PackedSequence):
            if self.batch_first and not unbatched:
                rows = rows.transpose(0, 1)
            steps, batch = rows.shape[0], 1 if unbatched else rows.shape[1]
            if steps * batch == 0:
                raise ValueError(
                    f"{name}: an input of shape {x.shape}; give at least one step of one sequence"  # type: ignore[union-attr]
                )
            batch_sizes = np.full(steps, batch)
            rows = rows.reshape(steps * batch, self.input_size)
        return rows, batch_sizes, unbatched

    def _initial(
        self, given: tuple[Tensor, ...] | None, shape: tuple[int, ...], dtype: Any, unbatched: bool
    ) -> list[Any]:
        """Return the first states (L · D, N, H), or None for zeros."""
        if given is None:
            return [None] * self.states
        wanted = shape[::2] if unbatched else shape
        for state in given:
            if not isinstance(state, Tensor) or state.shape != wanted or state.dtype != dtype:
                what = getattr(state, "shape", type(state).__name__)
                raise ValueError(
                    f"{type(self).__name__}: a first state of {what} {getattr(state, 'dtype', '')}; give {wanted} of "
                    f"{dtype}: (num_layers · directions, batch, hidden_size), without batch for one sequence"
                )
        return [state.reshape(*shape) for state in given]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            ("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0.0), ("bidirectional", False)
        ):  # fmt: skip
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text


class RNN(_Recurrent):
    r"""Simple recurrent layers: :math:`h_t = \varphi(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})`.

    With :math:`\varphi` = ``nonlinearity``, ``"tanh"`` or ``"relu"``. Layers above the first read the one below, with
    ``dropout`` in between while training. ``bidirectional`` layers read the sequence backwards too; outputs of both
    directions stand side by side, D = 2 (else D = 1). ``bias=False`` leaves out both biases.

    Called as ``layer(x)`` or ``layer(x, h_0)``. Input (T, N, I), or (N, T, I) with ``batch_first``, or one sequence
    (T, I), or a :class:`~deeplearning.nn.packing.PackedSequence`; ``h_0`` (L · D, N, H), zeros if not given. Returns
    ``(output, h_n)``: of the last layer every state, (T, N, D · H) or as the input; of every layer and direction the
    last state, (L · D, N, H), which for the reverse direction is that at the first step.

    For layer k, ``weight_ih_lk`` (H, I, or D · H above the first), ``weight_hh_lk`` (H, H), ``bias_ih_lk`` and
    ``bias_hh_lk`` (H,); those of the reverse direction end in ``_reverse``. All start from
    :math:`U(-1/\sqrt H, 1/\sqrt H)`. ``ValueError`` for sizes and shapes that do not fit. Equal to PyTorch's
    :cite:`rumelhart1986`.

    >>> from deeplearning.autograd import ones
    >>> output, h_n = RNN(3, 5)(ones(7, 2, 3))
    >>> output.shape, h_n.shape
    ((7, 2, 5), (1, 2, 5))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: nonlinearity={nonlinearity!r}; give 'tanh' or 'relu'")
        self.nonlinearity = nonlinearity
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        )

    def _operation(self, batch_sizes: Any, reverse: bool) -> Operation:
        return recurrence.RNN(batch_sizes, reverse, self.nonlinearity)

    def forward(
        self, x: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        output, (h_n,) = self._run(x, None if hx is None else (hx,))
        return output, h_n


class LSTM(_Recurrent):
    r"""Long short-term memory: a cell c that gates protect, so that a gradient may pass through many steps.

    .. math::
        i, f, g, o &= \sigma,\ \sigma,\ \tanh,\ \sigma \text{ of the four blocks of }
        W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh} \\
        c_t &= f \odot c_{t-1} + i \odot g, \qquad h_t = o \odot \tanh c_t

    As :class:`RNN`, but weights and biases have 4H rows, gates in the order i, f, g, o, and there are two states:
    called as ``layer(x)`` or ``layer(x, (h_0, c_0))``, it returns ``(output, (h_n, c_n))``. Equal to PyTorch's
    (without ``proj_size``) :cite:`hochreiter1997`.

    >>> from deeplearning.autograd import ones
    >>> output, (h_n, c_n) = LSTM(3, 5, num_layers=2, bidirectional=True)(ones(7, 2, 3))
    >>> output.shape, h_n.shape, c_n.shape
    ((7, 2, 10), (4, 2, 5), (4, 2, 5))
    """

    gates, states = 4, 2

    def _operation(self, batch_sizes: Any, reverse: bool) -> Operation:
        return recurrence.LSTM(batch_sizes, reverse)

    def forward(
        self, x: Tensor | PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor | PackedSequence, tuple[Tensor, Tensor]]:
        if hx is not None and (not isinstance(hx, tuple | list) or len(hx) != 2):
            raise ValueError(f"LSTM: the first states are a {type(hx).__name__}; give (h_0, c_0)")
        return self._run(x, None if hx is None else tuple(hx))


class GRU(_Recurrent):
    r"""Gated recurrent units: a state that one gate resets and another one renews.

    .. math::
        r, z &= \sigma \text{ of the first two blocks of } W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh} \\
        n &= \tanh(W_{in} x_t + b_{in} + r \odot (W_{hn} h_{t-1} + b_{hn})) \\
        h_t &= (1 - z) \odot n + z \odot h_{t-1}

    As :class:`RNN`, but weights and biases have 3H rows, in the order r, z, n. Equal to PyTorch's :cite:`cho2014`.

    >>> from deeplearning.autograd import ones
    >>> output, h_n = GRU(3, 5, batch_first=True)(ones(2, 7, 3))
    >>> output.shape, h_n.shape
    ((2, 7, 5), (1, 2, 5))
    """

    gates = 3

    def _operation(self, batch_sizes: Any, reverse: bool) -> Operation:
        return recurrence.GRU(batch_sizes, reverse)

    def forward(
        self, x: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        output, (h_n,) = self._run(x, None if hx is None else (hx,))
        return output, h_n


def register(module: Module, names: list[str], gates: int, width: int, hidden: int) -> None:
    """Give ``module`` the parameters of a cell: weights (gates · H, I) and (gates · H, H), biases (gates · H,)."""
    bound = 1 / math.sqrt(hidden)
    rows = gates * hidden
    for name, shape in zip(names, ((rows, width), (rows, hidden), (rows,), (rows,)), strict=False):
        setattr(module, name, init.uniform_(Parameter(zeros(*shape)), -bound, bound))


def check_sizes(layer: str, **sizes: Any) -> None:
    """Refuse sizes that are not positive integers."""
    for name, n in sizes.items():
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
            raise ValueError(f"{layer}: {name}={n!r}; give a positive integer")


def _reorder(state: Tensor, indices: Tensor) -> Tensor:
    """Return states (L · D, N, H) with the sequences in another order."""
    return apply(Pick((slice(None), indices.data)), state)
