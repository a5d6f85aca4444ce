r"""``cross_entropy``: PyTorch's meaning, our kernels, differentiable.

.. math::
    \ell_n = -\ln \frac{e^{z_{n y_n}}}{\sum_c e^{z_{nc}}}
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import triton.language as tl

from deepkernels import check, configs, launch
from deepkernels.compiled import Request
from deepkernels.language import accumulator
from deepkernels.loss import softmax

OP = "cross_entropy"
REDUCTIONS = ("mean", "sum", "none")
BLOCK = 1024  # losses that a program adds up in one step


def cross_entropy(
    logits: torch.Tensor,
    labels: torch.Tensor,
    reduction: str = "mean",
    check_labels: bool | None = None,
) -> torch.Tensor:
    """Return the cross-entropy between softmax(logits) and the classes ``labels``.

    To look at a label before the kernel runs, the CPU would have to wait for the GPU. So labels are looked at only if
    ``check_labels`` asks for it, and always in the interpreter. Elsewhere a label that is no class makes the loss and
    the gradient of its row NaN; no other memory is touched.

    Args:
        logits: scores (N, C), C of any size.
        labels: classes 0 … C − 1, (N), int64 or int32. There is no label that is ignored.
        reduction: "mean" or "sum" of all losses, a tensor without dimensions, or "none" for each of them, (N).
        check_labels: whether labels are checked; None: in the interpreter only.

    Returns:
        The loss in the dtype of the logits; sums are made in float32 and in a fixed order.

    Raises:
        ValueError: for other shapes, dtypes, devices or reductions, and for labels that were checked and are no class.

    >>> logits = torch.zeros(1, 4, requires_grad=True)
    >>> loss = cross_entropy(logits, torch.tensor([2]))
    >>> round(loss.item(), 4)  # ln 4
    1.3863
    >>> loss.backward()
    >>> logits.grad
    tensor([[ 0.2500,  0.2500, -0.7500,  0.2500]])
    """
    check.tensors(OP, logits=logits)
    check.tensors(OP, (torch.int64, torch.int32), labels=labels)
    for condition, message in (
        (reduction in REDUCTIONS, f"reduction={reduction!r}; give one of {', '.join(REDUCTIONS)}"),
        (
            logits.dim() == 2 and logits.shape[-1] > 0,
            f"logits has shape {tuple(logits.shape)}; give (N, C) with at least one class",
        ),
        (
            labels.dim() == 1 and labels.shape[0] == logits.shape[0],
            f"labels has shape {tuple(labels.shape)} for logits {tuple(logits.shape)}; give ({logits.shape[0]},)",
        ),
        (
            labels.device == logits.device,
            f"logits is on {logits.device} and labels on {labels.device}; give one device",
        ),
    ):
        check.require(OP, condition, message)
    checked = launch.interpreted() if check_labels is None else bool(check_labels)
    return _forward(logits, labels, reduction, checked)[0]


def choose(kernel: str, classes: int, target: str = "sm_90") -> configs.Config:
    """Return the configuration of a kernel ("forward" or "backward") for rows of so many classes.

    >>> choose("forward", 10).name, choose("forward", 32000).name
    ('forward-16', 'forward-4096')
    """
    for config in configs.load("loss"):
        if config.kernel.endswith(f":{kernel}") and classes <= config.when.get("max_c", classes):
            return config.on(target)
    raise ValueError(f"{OP}: no configuration for {kernel} of {classes} classes")


def run_forward(
    logits: torch.Tensor, labels: torch.Tensor, losses: torch.Tensor, statistics: torch.Tensor
) -> None:
    """Write the losses (N), and maxima and sums (2, N); logits (N, C) with rows that lie without gaps."""
    N, C = logits.shape
    if N == 0:
        return
    config = choose("forward", C, launch.target(logits.device))
    grid = (launch.cdiv(N, config.meta["BLOCK_N"]),)
    with launch.on(logits):
        softmax.forward[grid](
            logits, labels, losses, statistics, N, C, logits.stride(0),
            ACC=accumulator(logits.dtype), **config.launch_arguments(),
        )  # fmt: skip


def run_backward(
    logits: torch.Tensor,
    labels: torch.Tensor,
    statistics: torch.Tensor,
    dloss: torch.Tensor,
    dlogits: torch.Tensor,
    scale: float,
) -> None:
    """Write the gradient of the logits (N, C), for ``dloss`` of one element or of N."""
    N, C = logits.shape
    if N == 0:
        return
    config = choose("backward", C, launch.target(logits.device))
    grid = launch.cdiv(N, config.meta["BLOCK_N"]), launch.cdiv(C, config.meta["BLOCK_C"])
    with launch.on(logits):
        softmax.backward[grid](
            logits, labels, statistics, dloss, dlogits, N, C, logits.stride(0), scale,
            EACH=dloss.dim() == 1, ACC=accumulator(logits.dtype), **config.launch_arguments(),
        )  # fmt: skip


def run_total(values: torch.Tensor, out: torch.Tensor, scale: float) -> None:
    """Write ``scale`` times the sum of the values (N) to ``out``, of one element."""
    acc = accumulator(values.dtype)
    programs = min(launch.cdiv(values.numel(), BLOCK), launch.processors(values.device))
    with launch.on(values):
        if programs > 1:
            sums = values.new_empty(programs)
            softmax.total[(programs,)](values, sums, values.numel(), 1.0, BLOCK=BLOCK, ACC=acc)
            values = sums
        softmax.total[(1,)](values, out, values.numel(), scale, BLOCK=BLOCK, ACC=acc)


def compile_requests(target: str) -> Iterator[tuple[str, Request]]:
    """Yield (name, request) for every shipped configuration, and for the sum, with bfloat16 logits."""
    accumulator = {"ACC": tl.float32}
    for config in configs.load("loss"):
        config = config.on(target)
        kernel = config.kernel.split(":")[1]
        types = softmax.types(kernel, "bf16")
        constants = {"EACH": False} if kernel == "backward" else {}
        whole = (
            config.when.get("max_c", 1024) > 16
        )  # ten classes are the small case's, 16·n the others'
        divisible = [
            name
            for name in softmax.DIVISIBLE
            if name in types and (whole or name not in ("C", "stride"))
        ]
        yield (
            config.name,
            Request(
                config.kernel, types, {**constants, **accumulator, **config.meta},
                config.num_warps, config.num_stages, target, tuple(divisible),
            ),
        )  # fmt: skip
    yield (
        "total",
        Request(
            "deepkernels.loss.softmax:total", softmax.types("total", "bf16"), {"BLOCK": BLOCK, **accumulator},
            target=target, divisible=("values", "out"),
        ),
    )  # fmt: skip


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32


def _rows(logits: torch.Tensor) -> torch.Tensor:
    """Return logits whose rows lie without gaps: themselves, or a copy."""
    return logits if logits.stride(1) == 1 or logits.shape[1] == 1 else logits.contiguous()


def _scale(reduction: str, rows: int) -> float:
    # As in PyTorch, the mean of nothing is NaN.
    return (1.0 / rows if rows else math.nan) if reduction == "mean" else 1.0


@torch.library.custom_op("deepkernels::cross_entropy", mutates_args=())
def _forward(
    logits: torch.Tensor, labels: torch.Tensor, reduction: str, checked: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss, and what the backward pass needs: maximum and sum of each row, (2, N)."""
    N, C = logits.shape
    if checked and N:
        lowest, highest = (int(label) for label in labels.aminmax())
        check.require(
            OP,
            lowest >= 0 and highest < C,
            f"labels from {lowest} to {highest} for logits of {C} classes; give 0 to {C - 1}",
        )
    wide = _wide(logits.dtype)
    statistics = torch.empty((2, N), dtype=wide, device=logits.device)
    alone = reduction == "none"
    losses = torch.empty(N, dtype=logits.dtype if alone else wide, device=logits.device)
    run_forward(_rows(logits), labels.contiguous(), losses, statistics)
    if alone:
        return losses, statistics
    loss = logits.new_empty(())
    run_total(losses, loss, _scale(reduction, N))
    return loss, statistics


@_forward.register_fake
def _(logits, labels, reduction, checked):
    N = logits.shape[0]
    loss = logits.new_empty(N if reduction == "none" else ())
    return loss, logits.new_empty((2, N), dtype=_wide(logits.dtype))


@torch.library.custom_op("deepkernels::cross_entropy_backward", mutates_args=())
def _backward(
    dloss: torch.Tensor,
    logits: torch.Tensor,
    labels: torch.Tensor,
    statistics: torch.Tensor,
    reduction: str,
) -> torch.Tensor:
    dlogits = torch.empty(logits.shape, dtype=logits.dtype, device=logits.device)
    scale = _scale(reduction, logits.shape[0])
    run_backward(_rows(logits), labels.contiguous(), statistics, dloss.contiguous(), dlogits, scale)
    return dlogits


@_backward.register_fake
def _(dloss, logits, labels, statistics, reduction):
    return torch.empty(logits.shape, dtype=logits.dtype, device=logits.device)


def _keep(ctx, inputs, output):
    logits, labels, ctx.reduction, _ = inputs
    ctx.save_for_backward(logits, labels, output[1])
    ctx.mark_non_differentiable(output[1])


def _differentiate(ctx, dloss, _):
    return _backward(dloss, *ctx.saved_tensors, ctx.reduction), None, None, None


_forward.register_autograd(_differentiate, setup_context=_keep)
