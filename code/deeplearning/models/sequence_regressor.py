"""A recurrent layer with a linear read-out, written once for every engine."""

from typing import Any

from deeplearning import nn as own_nn
from deeplearning.engines import Engine

KINDS = ("RNN", "LSTM", "GRU")


def sequence_regressor(
    kind: str, input_size: int, hidden_size: int, outputs: int = 1, steps: int = 1, nn: Any = own_nn
) -> Any:
    r"""Make a network that reads a sequence and answers after its last steps: :math:`\hat y_t = W h_t + b`.

    ``kind`` is RNN, LSTM or GRU, ``hidden_size`` H the width of its state; the read-out gives ``outputs`` numbers at
    each of the last ``steps`` steps. ``nn`` is the namespace of an engine, and the result its module, with the layers
    ``memory`` and ``readout``. Input (N, T, ``input_size``), output (N, ``outputs``) for one step, else (N, ``steps``,
    ``outputs``). ``ValueError`` for another kind or for sequences shorter than ``steps``.

    >>> from deeplearning.autograd import ones
    >>> sequence_regressor("GRU", 2, 8)(ones(3, 20, 2)).shape
    (3, 1)
    """
    if kind not in KINDS:
        raise ValueError(f"sequence_regressor: kind={kind!r}; give one of {', '.join(KINDS)}")

    class SequenceRegressor(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.memory = getattr(nn, kind)(input_size, hidden_size, batch_first=True)
            self.readout = nn.Linear(hidden_size, outputs)

        def forward(self, x: Any) -> Any:
            length = x.shape[1]
            if length < steps:
                raise ValueError(
                    f"SequenceRegressor: sequences of {length} steps; give at least the {steps} that are read out"
                )
            states, _ = self.memory(x)  # (N, T, H)
            if steps == 1:
                return self.readout(states[:, length - 1])  # (N, outputs)
            return self.readout(states[:, length - steps :])  # (N, steps, outputs)

    return SequenceRegressor()


def set_forget_bias(model: Any, engine: Engine, bias: float = 1.0) -> Any:
    r"""Set the bias of every forget gate of the model's LSTM layers, in place, and return the model.

    A forget gate starts near :math:`\sigma(0) = \tfrac12`, so that a cell keeps half of its content at each step; with
    a bias of 1 it keeps :math:`\sigma(1) \approx 0.73`. PyTorch's LSTM has two biases whose sum counts: ``bias_ih``
    takes the whole, ``bias_hh`` becomes 0. ``ValueError`` for a model without an LSTM layer.
    Sources: :cite:t:`gers2000`, :cite:t:`jozefowicz2015`.

    >>> from deeplearning import engines
    >>> model = set_forget_bias(sequence_regressor("LSTM", 2, 3), engines.get("numpy"), 2.0)
    >>> model.memory.bias_ih_l0.data[3:6].tolist()
    [2.0, 2.0, 2.0]
    """
    layers = [
        module for module in model.modules() if isinstance(module, engine.nn.LSTM) and module.bias
    ]
    if not layers:
        raise ValueError("set_forget_bias: the model has no LSTM layer with a bias; give one")
    for layer in layers:
        forget = slice(layer.hidden_size, 2 * layer.hidden_size)  # gates in the order i, f, g, o
        for name, parameter in layer.named_parameters():
            if name.startswith("bias"):
                with engine.no_grad():
                    parameter[forget] = bias if name.startswith("bias_ih") else 0.0
    return model
