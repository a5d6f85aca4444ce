"""Attention: a weighted mean of many vectors, whose weights a query decides. Both functions serve every engine."""

import math
from typing import Any


def additive_attention(query: Any, keys: Any, values: Any, weight: Any) -> tuple[Any, Any]:
    r"""Look at P places with a small network that scores each: :math:`e_p = w^\top \tanh(q + k_p)`.

    .. math::
        \alpha = \operatorname{softmax}(e), \qquad z = \sum_p \alpha_p v_p

    Args:
        query: q, what is looked for, (N, H).
        keys: :math:`k_p`, what every place offers to be compared, (N, P, H).
        values: :math:`v_p`, what every place holds, (N, P, C).
        weight: w, (H,).

    Returns:
        ``(z, alpha)``: what was seen, (N, C), and how much of each place, (N, P), sums of 1.

    Raises:
        ValueError: shapes that do not fit.

    The first attention of neural networks :cite:`bahdanau2015`; query and keys are linear functions of a state and of
    what is looked at, and belong to the caller.

    >>> from deeplearning.autograd import ones, tensor, zeros
    >>> z, alpha = additive_attention(zeros(1, 2), zeros(1, 2, 2), tensor([[[0.0], [4.0]]]), ones(2))
    >>> z.tolist(), alpha.tolist()
    ([[2.0]], [[0.5, 0.5]])
    """
    ranks = [len(array.shape) for array in (query, keys, values, weight)]
    if (
        ranks != [2, 3, 3, 1]
        or tuple(keys.shape) != (query.shape[0], values.shape[1], query.shape[1])
        or values.shape[0] != query.shape[0]
        or weight.shape[0] != query.shape[1]
    ):
        raise ValueError(
            f"additive_attention: query {tuple(query.shape)}, keys {tuple(keys.shape)}, values {tuple(values.shape)}, "
            f"weight {tuple(weight.shape)}; give (N, H), (N, P, H), (N, P, C) and (H,)"
        )
    n, places, h = keys.shape
    scores = (keys + query.reshape(n, 1, h)).tanh() @ weight.reshape(h, 1)  # (N, P, 1)
    alpha = scores.reshape(n, places).softmax(1)
    seen = alpha.reshape(n, 1, places) @ values  # (N, 1, C)
    return seen.reshape(n, values.shape[2]), alpha


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, scale: float | None = None
) -> Any:
    r"""Look with L queries at S places at once: :math:`Z = \operatorname{softmax}(QK^\top/\sqrt{D} + M)\,V`.

    Args:
        query: Q, (…, L, D).
        key: K, (…, S, D).
        value: V, (…, S, C).
        attn_mask: M, added to the scores, of a shape that broadcasts to (…, L, S); −∞ hides a place.
        scale: what the scores are multiplied by; by default :math:`1/\sqrt{D}`, which keeps their spread at about 1.

    Returns:
        (…, L, C).

    Raises:
        ValueError: shapes that do not fit, or a mask that is not of floats.

    Equal to PyTorch's function of this name :cite:`vaswani2017`, which has more arguments and also takes booleans as a
    mask. A query from which every place is hidden has no answer, here NaN.

    >>> from deeplearning.autograd import tensor, zeros
    >>> scaled_dot_product_attention(zeros(1, 3), zeros(2, 3), tensor([[1.0], [3.0]])).tolist()
    [[2.0]]
    """
    ranks = {len(query.shape), len(key.shape), len(value.shape)}
    if (
        len(ranks) != 1
        or min(ranks) < 2
        or query.shape[-1] != key.shape[-1]
        or key.shape[-2] != value.shape[-2]
    ):
        raise ValueError(
            f"scaled_dot_product_attention: query {tuple(query.shape)}, key {tuple(key.shape)}, value "
            f"{tuple(value.shape)}; give (…, L, D), (…, S, D) and (…, S, C)"
        )
    # Added, True would count as 1 and hide nothing.
    if attn_mask is not None and "float" not in str(attn_mask.dtype):
        raise ValueError(
            f"scaled_dot_product_attention: attn_mask of {attn_mask.dtype}; give floats to be added to the scores, 0 "
            "for a place that may be looked at and -inf for one that may not"
        )
    last = len(key.shape) - 1
    if scale is None:
        scale = 1 / math.sqrt(query.shape[-1])
    scores = (query @ key.transpose(last - 1, last)) * scale
    if attn_mask is not None:
        scores = scores + attn_mask
    return scores.softmax(last) @ value
