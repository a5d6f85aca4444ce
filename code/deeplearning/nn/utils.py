"""Gradient clipping, a limit on how far one step can throw the weights; and ``rnn``, packed sequences."""

from collections.abc import Iterable

import numpy as np

from deeplearning.autograd import Tensor
from deeplearning.nn import packing as rnn

__all__ = ["clip_grad_norm_", "clip_grad_value_", "rnn"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0
) -> Tensor:
    r"""Shorten the gradient of all parameters together to the length ``max_norm``, if it is longer.

    .. math::
        g \leftarrow g \cdot \min\Bigl(1, \frac{c}{\lVert g\rVert + 10^{-6}}\Bigr)

    with :math:`c` = ``max_norm``, and :math:`\lVert g\rVert` the norm of order ``norm_type`` (``inf`` for the largest
    element) over all elements of all gradients as one vector: the direction of the step stays. Returns that norm, a
    Tensor (), as it was before. Parameters without a gradient are left out. Equal to PyTorch's function
    :cite:`pascanu2013`. ``ValueError`` for a ``max_norm`` below 0 or a ``norm_type`` not above 0.

    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> (w @ Tensor([3.0, 4.0])).backward()
    >>> clip_grad_norm_([w], max_norm=1.0).item()
    5.0
    >>> [round(g, 3) for g in w.grad.tolist()]
    [0.6, 0.8]
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm={max_norm!r}; give a number >= 0")
    if not norm_type > 0:
        raise ValueError(f"clip_grad_norm_: norm_type={norm_type!r}; give a number > 0, or inf")
    gradients = _gradients(parameters)
    # The norm of the norms is the norm of all; each is summed in its own order of memory, without a copy.
    norms = [np.linalg.norm(array.ravel("K"), norm_type) for array in gradients]
    total = np.linalg.norm(norms, norm_type) if norms else np.float32(0.0)
    shrink = min(1.0, float(max_norm) / (float(total) + 1e-6))
    if shrink < 1.0 or np.isnan(total):
        for array in gradients:
            array *= shrink if total == total else np.nan
    return Tensor(total)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    r"""Limit every element of every gradient: :math:`g_i \leftarrow \max(-c, \min(c, g_i))` with :math:`c` > 0.

    Unlike :func:`clip_grad_norm_` this bends the direction. ``ValueError`` for a ``clip_value`` that is not positive.

    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> (w @ Tensor([3.0, 0.25])).backward()
    >>> clip_grad_value_([w], 0.5)
    >>> w.grad.tolist()
    [0.5, 0.25]
    """
    if not clip_value > 0:
        raise ValueError(f"clip_grad_value_: clip_value={clip_value!r}; give a number > 0")
    for array in _gradients(parameters):
        np.clip(array, -clip_value, clip_value, out=array)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[np.ndarray]:
    """Return the arrays of the gradients that there are, to be changed in place."""
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    return [p._gradient._array for p in parameters if p._gradient is not None]
