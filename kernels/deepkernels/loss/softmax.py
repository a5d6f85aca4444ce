r"""The kernels of softmax cross-entropy: one pass over the classes forward, one backward.

.. math::
    \ell_n = \ln \sum_c e^{z_{nc} - m_n} - (z_{n y_n} - m_n), \qquad
    \frac{\partial \ell_n}{\partial z_{nc}} = \frac{e^{z_{nc} - m_n}}{s_n} - [c = y_n]

with the row's maximum m and the sum s of its exponentials. A row of any length is read once: when a block of classes
raises the maximum, the sum so far is scaled down by :math:`e^{m_{old} - m_{new}}`.

Source: Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018).
"""

import triton
import triton.language as tl

#: Arguments that are multiples of 16 on the calls that matter: aligned memory and multiples of 16 classes.
DIVISIBLE = (
    "logits",
    "labels",
    "losses",
    "statistics",
    "dloss",
    "dlogits",
    "values",
    "out",
    "C",
    "stride",
)


def types(kernel: str, dtype: str) -> dict[str, str]:
    """Return the type of each argument that is not a constant, in order; ``dtype`` is Triton's name ("bf16")."""
    if kernel == "total":
        return {"values": "*fp32", "out": f"*{dtype}", "count": "i32", "scale": "fp32"}
    logits, sizes = f"*{dtype}", {"N": "i32", "C": "i32", "stride": "i64"}
    if kernel == "forward":
        return {
            "logits": logits,
            "labels": "*i64",
            "losses": "*fp32",
            "statistics": "*fp32",
            **sizes,
        }
    assert kernel == "backward"
    return {
        "logits": logits, "labels": "*i64", "statistics": "*fp32", "dloss": logits, "dlogits": logits,
        **sizes, "scale": "fp32",
    }  # fmt: skip


@triton.jit
def forward(
    logits, labels, losses, statistics, N, C, stride,
    BLOCK_N: tl.constexpr, BLOCK_C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write the losses of BLOCK_N rows, and for the backward pass their maxima (N) and sums (N), one after the other.

    ``stride`` is the distance of two rows in memory. A label that is no class makes its loss NaN, and nothing outside
    the row is read.
    """
    n = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    # Rows beyond the last are the last one again, so that no mask needs two dimensions.
    row = logits + tl.minimum(n, N - 1).to(tl.int64) * stride
    largest = tl.full((BLOCK_N,), float("-inf"), ACC)
    sum_ = tl.zeros((BLOCK_N,), ACC)
    for start in range(0, C, BLOCK_C):
        c = start + tl.arange(0, BLOCK_C)
        z = tl.load(row[:, None] + c[None, :], (c < C)[None, :], float("-inf")).to(ACC)
        higher = tl.maximum(largest, tl.max(z, 1))
        # A row that was -inf so far has no maximum to subtract: -inf - (-inf) would be NaN.
        shift = tl.where(higher == float("-inf"), 0.0, higher)
        sum_ = sum_ * tl.exp(largest - shift) + tl.sum(tl.exp(z - shift[:, None]), 1)
        largest = higher
    label = tl.load(labels + n, n < N, -1)
    is_class = (label >= 0) & (label < C)
    chosen = tl.load(row + label, is_class, float("nan")).to(ACC)
    loss = tl.log(sum_) - (chosen - largest)
    tl.store(losses + n, loss.to(losses.dtype.element_ty), n < N)
    tl.store(statistics + n, largest, n < N)
    tl.store(statistics + N + n, sum_, n < N)


@triton.jit
def backward(
    logits, labels, statistics, dloss, dlogits, N, C, stride, scale, EACH: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write the gradient of BLOCK_N rows × BLOCK_C classes, times ``scale`` and the loss's own gradient.

    That is one number for all rows, or with EACH one for each. Rows whose label is no class become NaN.
    """
    n = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    mask = (n < N)[:, None] & (c < C)[None, :]
    label = tl.load(labels + n, n < N, -1)
    factor = tl.load(dloss + n, n < N, 0.0) if EACH else tl.load(dloss)
    factor = tl.where((label >= 0) & (label < C), factor.to(ACC) * scale, float("nan"))
    largest, sum_ = tl.load(statistics + n, n < N, 0.0), tl.load(statistics + N + n, n < N, 1.0)
    z = tl.load(logits + n.to(tl.int64)[:, None] * stride + c[None, :], mask, float("-inf")).to(ACC)
    probability = tl.exp(z - largest[:, None]) / sum_[:, None]
    gradient = (probability - tl.where(c[None, :] == label[:, None], 1.0, 0.0)) * factor[:, None]
    to = dlogits + n.to(tl.int64)[:, None] * C + c[None, :]
    tl.store(to, gradient.to(dlogits.dtype.element_ty), mask)


@triton.jit
def total(values, out, count, scale, BLOCK: tl.constexpr, ACC: tl.constexpr):
    """Write ``scale`` times the sum of every ``num_programs``-th block of values, each program one sum.

    Launched a second time, by one program on these sums, it adds in an order that no run changes.
    """
    acc = tl.zeros((BLOCK,), ACC)
    for start in range(tl.program_id(0) * BLOCK, count, tl.num_programs(0) * BLOCK):
        i = start + tl.arange(0, BLOCK)
        acc += tl.load(values + i, i < count, 0.0)
    tl.store(out + tl.program_id(0), (tl.sum(acc, 0) * scale).to(out.dtype.element_ty))
