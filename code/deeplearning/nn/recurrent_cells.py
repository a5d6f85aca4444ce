"""One step of a recurrent layer as a layer, for networks that decide between the steps what comes next."""

from typing import Any

from deeplearning.autograd import Operation, Tensor, apply
from deeplearning.autograd.operations import recurrence
from deeplearning.autograd.operations.packing import Pick
from deeplearning.nn.module import Module
from deeplearning.nn.recurrent import check_sizes, register


class _Cell(Module):
    """What the three cells share: their parameters, and one step of the operation over a sequence."""

    gates = 1
    states = 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        check_sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        self._names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"][: 4 if bias else 2]
        register(self, self._names, self.gates, input_size, hidden_size)

    def _operation(self, batch: int) -> Operation:
        raise NotImplementedError

    def _run(self, x: Tensor, initial: Any) -> tuple[Tensor, ...]:
        """Return the new states."""
        name, dtype = type(self).__name__, self.weight_ih.dtype  # type: ignore[attr-defined]
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size or x.dtype != dtype:
            raise ValueError(
                f"{name}: an input of shape {x.shape} and {x.dtype}; give (N, {self.input_size}) or "
                f"({self.input_size},) of {dtype}"
            )
        starts = [None] * self.states if initial is None else list(initial)
        wanted = (*x.shape[:-1], self.hidden_size)
        for start in starts:
            if start is not None and (start.shape, start.dtype) != (wanted, dtype):
                raise ValueError(
                    f"{name}: a state of shape {start.shape} and {start.dtype}; give {wanted} of {dtype}"
                )
        if x.ndim == 1:
            starts = [None if start is None else start.reshape(1, -1) for start in starts]
        rows = x.reshape(-1, self.input_size)
        batch = len(rows)
        result = apply(
            self._operation(batch),
            rows,
            *starts,
            *[getattr(self, parameter) for parameter in self._names],
            *([] if self.bias else [None, None]),
        )
        ends = [slice(batch * (1 + k), batch * (2 + k)) for k in range(self.states)]
        return tuple(apply(Pick(end), result).reshape(*wanted) for end in ends)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(_Cell):
    r"""One step of :class:`~deeplearning.nn.recurrent.RNN`: ``cell(x, h)`` returns the next state.

    x (N, I) or (I,); h, by default 0, and the result (N, H) or (H,). Parameters ``weight_ih`` (H, I), ``weight_hh``
    (H, H), ``bias_ih`` and ``bias_hh`` (H,). ``ValueError`` for other shapes. Equal to PyTorch's :cite:`rumelhart1986`.

    >>> from deeplearning.autograd import ones
    >>> RNNCell(3, 5)(ones(2, 3)).shape
    (2, 5)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh"
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNNCell: nonlinearity={nonlinearity!r}; give 'tanh' or 'relu'")
        super().__init__(input_size, hidden_size, bias)
        self.nonlinearity = nonlinearity

    def _operation(self, batch: int) -> Operation:
        return recurrence.RNN([batch], nonlinearity=self.nonlinearity)

    def forward(self, x: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._run(x, None if hx is None else (hx,))[0]


class LSTMCell(_Cell):
    r"""One step of :class:`~deeplearning.nn.recurrent.LSTM`: ``cell(x, (h, c))`` returns the next ``(h, c)``.

    As :class:`RNNCell`, with 4H rows in weights and biases, gates in the order i, f, g, o :cite:`hochreiter1997`.

    >>> from deeplearning.autograd import ones
    >>> h, c = LSTMCell(3, 5)(ones(2, 3))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    gates, states = 4, 2

    def _operation(self, batch: int) -> Operation:
        return recurrence.LSTM([batch])

    def forward(self, x: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        if hx is not None and (not isinstance(hx, tuple | list) or len(hx) != 2):
            raise ValueError(f"LSTMCell: the states are a {type(hx).__name__}; give (h, c)")
        h, c = self._run(x, hx)
        return h, c


class GRUCell(_Cell):
    r"""One step of :class:`~deeplearning.nn.recurrent.GRU`: ``cell(x, h)`` returns the next state.

    As :class:`RNNCell`, with 3H rows in weights and biases, in the order r, z, n :cite:`cho2014`.

    >>> from deeplearning.autograd import ones
    >>> GRUCell(3, 5)(ones(3)).shape
    (5,)
    """

    gates = 3

    def _operation(self, batch: int) -> Operation:
        return recurrence.GRU([batch])

    def forward(self, x: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._run(x, None if hx is None else (hx,))[0]
