"""An LSTM whose parts can be taken out one by one, written once for every engine."""

from typing import Any

from deeplearning import nn as own_nn

PARTS = ("nothing", "input", "forget", "output", "candidate", "both")


def gated(
    input_size: int, hidden_size: int, outputs: int = 1, without: str = "nothing", nn: Any = own_nn
) -> Any:
    r"""Make an LSTM with a linear read-out after its last step, that lacks one of its parts.

    .. math::
        c_t = f_t \odot c_{t-1} + i_t \odot g_t, \qquad h_t = o_t \odot \tanh c_t

    ``without`` says what is missing: ``"nothing"``; the ``"input"``, ``"forget"`` or ``"output"`` gate, which then is 1
    at every step; ``"candidate"``, the tanh of :math:`g`, which then is the weighted sum itself; or ``"both"``, input
    and forget gate as two, one filling what the other empties: :math:`i_t = 1 - f_t`.

    ``hidden_size`` H cells read (N, T, ``input_size``); the result is (N, ``outputs``). ``walk`` gives cell and state,
    both (N, H), after every step. The layers are ``input``, with the biases, ``memory`` and ``readout``. The weights of
    the first two hold the blocks i, f, g, o as those of ``nn.LSTM`` do, whatever is missing, and no gradient reaches
    the block of a missing gate. ``ValueError`` for another part. After :cite:t:`greff2017`.

    >>> from deeplearning.autograd import ones
    >>> gated(2, 8, without="forget")(ones(3, 20, 2)).shape
    (3, 1)
    """
    if without not in PARTS:
        raise ValueError(f"gated: without={without!r}; give one of {', '.join(PARTS)}")

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.input = nn.Linear(input_size, 4 * hidden_size)
            self.memory = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
            self.readout = nn.Linear(hidden_size, outputs)

        def forward(self, x: Any) -> Any:
            _, h = self.walk(x)[-1]
            return self.readout(h)

        def walk(self, x: Any) -> list[tuple[Any, Any]]:
            visited: list[tuple[Any, Any]] = []
            for z in self.input(x).transpose(0, 1):  # the input's product, for all steps at once
                if visited:
                    c, h = visited[-1]
                    visited.append(self.step(z + self.memory(h), c))
                else:
                    visited.append(self.step(z, 0.0))
            return visited

        def step(self, z: Any, c: Any) -> tuple[Any, Any]:
            i, f, g, o = (z[:, k * hidden_size : (k + 1) * hidden_size] for k in range(4))
            new = g if without == "candidate" else g.tanh()
            if without == "both":
                keep = f.sigmoid()
                c = keep * c + (1 - keep) * new
            else:
                new = new if without == "input" else i.sigmoid() * new
                c = (c if without == "forget" else f.sigmoid() * c) + new
            h = c.tanh()
            return c, h if without == "output" else o.sigmoid() * h

    return Gated()
