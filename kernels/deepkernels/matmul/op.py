"""The operator: checks, the choice of a kernel, and how gradients flow through it."""

from __future__ import annotations

from typing import Any

import torch

from deepkernels import check, launch
from deepkernels.configs import Config
from deepkernels.matmul import backward, choice
from deepkernels.matmul.problem import LIMIT, OP, Call

PRECISIONS = (None, "tf32", "ieee")


def matmul(
    a: torch.Tensor,
    b: torch.Tensor,
    bias: torch.Tensor | None = None,
    activation: str | None = None,
    out: torch.Tensor | None = None,
    *,
    precision: str | None = None,
) -> torch.Tensor:
    r"""Multiply matrices, add a bias to every row, apply an activation: in one kernel, mostly.

    .. math::
        c_{mn} = \varphi\Big(\beta_n + \sum_k a_{mk}\, b_{kn}\Big)

    Which kernel computes it is chosen by sizes, dtype and layout (`choice.choose`); all add up in float32. Operands
    may be transposed, expanded or cut out of others. They are copied in two cases only: dimensions of a batch that
    cannot be seen as one are brought together (by ``Tensor.reshape``), and large operands whose rows do not begin at
    multiples of 16 bytes are copied to rows that do (`realign`). Both products of the gradient are computed by the
    same kernels. If one operand is repeated over a batch of the other, the sum over that batch is PyTorch's gradient
    of ``Tensor.expand``.

    Args:
        a: (…, M, K); float16, bfloat16 or float32.
        b: (…, K, N); leading dimensions are those of a batch, and broadcast as in ``torch.matmul``.
        bias: (N,) or None.
        activation: None, "relu", "tanh" or "sigmoid".
        out: write the result there, (…, M, N); no gradient may be required.
        precision: how float32 operands are multiplied, "ieee" in full, "tf32" rounded to 10 bits of mantissa, on tensor
            cores. None follows ``torch.backends.cuda.matmul.allow_tf32``, PyTorch's own switch, which is off unless
            it is set. The interpreter always multiplies in full.

    Returns:
        (…, M, N), contiguous, in the operands' dtype. The sum of no products (K = 0) is zero, before the bias.

    Raises:
        ValueError: for shapes, dtypes, devices or options that do not fit.

    >>> a, b = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0], [-1.0]])
    >>> matmul(a, b)
    tensor([[-1.],
            [-1.]])
    >>> matmul(a, b, bias=torch.tensor([1.5]), activation="relu")
    tensor([[0.5000],
            [0.5000]])
    """
    check.tensors(OP, a=a, b=b, bias=bias)
    name = check.activation(OP, activation)
    chosen = _precision(precision, a.dtype)
    batch = _check_shapes(a, b, bias)
    shape = (*batch, a.shape[-2], b.shape[-1])
    if out is not None:
        _check_out(out, shape, a, b, bias)
    a, b, flat = _brought_together(a, b, batch)
    if out is None:
        return _matmul(a, b, bias, name, chosen).view(shape)
    _matmul_out(a, b, bias, name, chosen, _seen_as(out, flat))
    return out


def compute(
    a: torch.Tensor,
    b: torch.Tensor,
    bias: torch.Tensor | None = None,
    activation: str = "none",
    precision: str = "tf32",
    config: str | Config | None = None,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute a product without gradients, by a configuration of one's choice or the one that `choose` takes.

    Args:
        a, b: (M, K) and (K, N), or (batch, M, K) and (batch, K, N).
        activation: "none", "relu", "tanh" or "sigmoid".
        config: a configuration, or the name of one in ``configs/matmul.json``, such as "tiled" or "persistent-256".
            Operands that its kernel cannot address are realigned.
        out: (M, N) or (batch, M, N); made if None.

    Raises:
        ValueError: if the configuration's kernel cannot compute this product; it says why.

    >>> compute(torch.ones(2, 3), torch.ones(3, 1), config="element").tolist()
    [[3.0], [3.0]]
    """
    if out is None:
        out = a.new_empty((*a.shape[:-1], b.shape[-1]))
    if out.numel() == 0:
        return out
    bias = None if bias is None else bias.contiguous()
    a3, b3, c3 = (x if x.dim() == 3 else x.unsqueeze(0) for x in (a, b, out))
    call = Call(a3, b3, bias, c3, activation, precision)
    target, processors = launch.target(a.device), launch.processors(a.device)
    if config is None:
        taken = choice.choose(call.problem, target, processors)
    else:
        taken = choice.named(config, target) if isinstance(config, str) else config
        seen = call.problem.realigned()
        refusal = choice.refusal(taken, seen, target)
        plain = bias is None and activation == "none"
        if refusal is None and taken.kernel.split(":")[0].endswith(".ladder") and not plain:
            refusal = "this rung has neither bias nor activation"
        check.require(OP, refusal is None, f"{taken.name} cannot compute this product: {refusal}")
    choice.run(taken, call)
    return out


def _precision(precision: str | None, dtype: torch.dtype) -> str:
    check.require(
        OP,
        precision in PRECISIONS,
        f"precision={precision!r}; give None, 'tf32' or 'ieee'",
    )
    if dtype != torch.float32:
        return "ieee" if dtype == torch.float64 else "tf32"
    if precision is None:
        return "tf32" if torch.backends.cuda.matmul.allow_tf32 else "ieee"
    return precision


def _check_shapes(a: torch.Tensor, b: torch.Tensor, bias: torch.Tensor | None) -> tuple[int, ...]:
    """Return the batch's dimensions."""
    for name, tensor, letters in (("a", a, "M, K"), ("b", b, "K, N")):
        check.require(
            OP,
            tensor.dim() >= 2,
            f"{name} has shape {tuple(tensor.shape)}; give at least two dimensions (…, {letters})",
        )
    check.require(
        OP,
        a.shape[-1] == b.shape[-2],
        f"a has shape {tuple(a.shape)} and b {tuple(b.shape)}: {a.shape[-1]} columns for {b.shape[-2]} rows; "
        "give b as many rows as a has columns",
    )
    N = b.shape[-1]
    check.require(
        OP,
        bias is None or (bias.dim() == 1 and bias.shape[0] == N),
        f"bias has shape {None if bias is None else tuple(bias.shape)}; give ({N},), one number a column of b",
    )
    batch: list[int] = []
    left, right = a.shape[:-2], b.shape[:-2]
    for i in range(max(len(left), len(right))):
        here = left[-1 - i] if i < len(left) else 1
        there = right[-1 - i] if i < len(right) else 1
        check.require(
            OP,
            here == there or here == 1 or there == 1,
            f"the batches of a {tuple(a.shape)} and b {tuple(b.shape)} do not fit; "
            "give equal leading dimensions, or 1 where one is to be repeated",
        )
        batch.insert(0, there if here == 1 else here)
    return tuple(batch)


def _check_out(
    out: torch.Tensor, shape: tuple[int, ...], a: torch.Tensor, b: torch.Tensor,
    bias: torch.Tensor | None,
) -> None:  # fmt: skip
    check.tensors(OP, a=a, out=out)
    check.require(
        OP,
        tuple(out.shape) == shape,
        f"out has shape {tuple(out.shape)}; give {shape}, the shape of the result",
    )
    check.require(
        OP,
        all(stride > 0 or size <= 1 for stride, size in zip(out.stride(), out.shape, strict=True)),
        f"out has strides {out.stride()}: some of its elements share their memory; give one that is not expanded",
    )
    given = [tensor for tensor in (a, b, bias, out) if tensor is not None]
    check.require(
        OP,
        not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)),
        "out= cannot be differentiated; leave it out, or call under torch.no_grad()",
    )


def _brought_together(
    a: torch.Tensor, b: torch.Tensor, batch: tuple[int, ...]
) -> tuple[torch.Tensor, torch.Tensor, tuple[int, ...]]:
    """Return operands as the operator takes them, (M, K) or (batch, M, K), and the result's shape then.

    If all matrices of a batch are multiplied by one b, they are one matrix of more rows.
    """
    (M, K), N = a.shape[-2:], b.shape[-1]
    if b.dim() == 2:
        rows = M
        for size in batch:
            rows = rows * size
        return a.reshape(rows, K), b, (rows, N)
    count = 1
    for size in batch:
        count = count * size
    a = a.expand(*batch, M, K).reshape(count, M, K)
    b = b.expand(*batch, K, N).reshape(count, K, N)
    return a, b, (count, M, N)


def _seen_as(out: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    try:
        return out.view(shape)
    except RuntimeError:
        raise ValueError(
            f"{OP}: out has shape {tuple(out.shape)}, strides {out.stride()}, which cannot be seen as {shape}; "
            "give one whose leading dimensions are contiguous"
        ) from None


def _apart(out: torch.Tensor, *others: torch.Tensor | None) -> None:
    """Refuse to write where an operand is read: other programs may not have read it yet."""
    for other in others:
        if other is None or other.numel() == 0 or out.numel() == 0:
            continue
        check.require(
            OP,
            not _may_overlap(out, other),
            "out shares memory with an operand; give memory of its own",
        )


def _may_overlap(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether two tensors may have an element in common: yes, unless addresses or columns show that they have none."""
    begins, ends = zip(*(_extent(tensor) for tensor in (first, second)), strict=True)
    if ends[0] <= begins[1] or ends[1] <= begins[0]:
        return False
    row = first.stride(0)
    widths = [
        _extent(tensor[0])[1] - begin for tensor, begin in zip((first, second), begins, strict=True)
    ]
    if second.stride(0) != row or row == 0:
        return True
    row *= first.element_size()
    offset = (begins[1] - begins[0]) % row
    return not (widths[0] <= offset and offset + widths[1] <= row)


def _extent(tensor: torch.Tensor) -> tuple[int, int]:
    """The first address and the one behind the last."""
    span = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True)) + 1
    return tensor.data_ptr(), tensor.data_ptr() + span * tensor.element_size()


def _check_size(a: torch.Tensor, b: torch.Tensor) -> None:
    sizes = (*a.shape, b.shape[-1])
    check.require(
        OP,
        max(sizes) < LIMIT,
        f"a has shape {tuple(a.shape)} and b {tuple(b.shape)}; give dimensions below {LIMIT}",
    )


@torch.library.custom_op("deepkernels::matmul", mutates_args=())
def _matmul(
    a: torch.Tensor, b: torch.Tensor, bias: torch.Tensor | None, activation: str, precision: str
) -> torch.Tensor:
    """Multiply (M, K) and (K, N), or (batch, M, K) and (batch, K, N)."""
    _check_size(a, b)
    return compute(a, b, bias, activation, precision)


@_matmul.register_fake
def _(a, b, bias, activation, precision):
    return a.new_empty((*a.shape[:-1], b.shape[-1]))


@torch.library.custom_op("deepkernels::matmul_out", mutates_args=("out",))
def _matmul_out(
    a: torch.Tensor, b: torch.Tensor, bias: torch.Tensor | None, activation: str, precision: str,
    out: torch.Tensor,
) -> None:  # fmt: skip
    _check_size(a, b)
    _apart(out, a, b, bias)
    compute(a, b, bias, activation, precision, out=out)


@_matmul_out.register_fake
def _(a, b, bias, activation, precision, out):
    return None


@torch.library.custom_op("deepkernels::matmul_epilogue_backward", mutates_args=())
def _epilogue_backward(
    dy: torch.Tensor, y: torch.Tensor, activation: str, bias: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ∂L/∂z and ∂L/∂bias; what is not needed is an empty tensor."""
    dz, dbias = backward.through(dy, y, activation, bias)
    empty = dy.new_empty(0)
    return empty if dz is None else dz, empty.clone() if dbias is None else dbias


@_epilogue_backward.register_fake
def _(dy, y, activation, bias):
    dz = dy.new_empty(0 if activation == "none" else y.shape)
    return dz, dy.new_empty(y.shape[-1] if bias else 0)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    a, b, _, ctx.activation, ctx.precision = inputs
    # Without an activation the result itself is not needed, only its shape, which dy has.
    ctx.save_for_backward(a, b, *(() if ctx.activation == "none" else (output,)))


def _backward(ctx: Any, dy: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    a, b, *y = ctx.saved_tensors
    wants_a, wants_b, wants_bias = ctx.needs_input_grad[:3]
    dz, dbias = dy, None
    if y or wants_bias:
        through, summed = _epilogue_backward(dy, y[0] if y else dy, ctx.activation, wants_bias)
        dz, dbias = (through if y else dy), (summed if wants_bias else None)
    da = _matmul(dz, b.mT, None, "none", ctx.precision) if wants_a else None
    db = _matmul(a.mT, dz, None, "none", ctx.precision) if wants_b else None
    return da, db, dbias, None, None


_matmul.register_autograd(_backward, setup_context=_setup)
