"""Arguments of recurrent operations: checked once, given a batch and a state if they came without."""

from __future__ import annotations

import torch

from deepkernels import check
from deepkernels.recurrent.binding import GATES

Tensor = torch.Tensor
LIMIT = 2**31 - 2**20  # 32 bits for what one step addresses, less a tile beyond the end


def of_cell(
    kind: str,
    x: Tensor,
    state: Tensor | tuple[Tensor, ...] | None,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> tuple[Tensor, tuple[Tensor, ...], bool]:
    """Return x (N, in), the state's tensors (N, H) and whether x had a batch."""
    return _checked(f"{kind}_cell", kind, x, state, w_ih, w_hh, b_ih, b_hh, steps=False)


def of_sequence(
    kind: str,
    x: Tensor,
    state: Tensor | tuple[Tensor, ...] | None,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> tuple[Tensor, tuple[Tensor, ...], bool]:
    """Return x (T, N, in), the state's tensors (N, H) and whether x had a batch."""
    return _checked(kind, kind, x, state, w_ih, w_hh, b_ih, b_hh, steps=True)


def _checked(
    op: str, kind: str, x: Tensor, state: Tensor | tuple[Tensor, ...] | None, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None, b_hh: Tensor | None, steps: bool,
) -> tuple[Tensor, tuple[Tensor, ...], bool]:  # fmt: skip
    names = ("h", "c") if kind == "lstm" else ("h",)
    states = _tensors(op, names, state)
    check.tensors(
        op,
        check.FLOATS,
        x=x,
        **dict(zip(names, states, strict=False)),
        w_ih=w_ih,
        w_hh=w_hh,
        b_ih=b_ih,
        b_hh=b_hh,
    )
    gates = GATES[kind]
    wide = 3 if steps else 2
    shown = ("(T, N, in)", "(T, in)") if steps else ("(N, in)", "(in)")
    check.require(
        op,
        x.dim() in (wide - 1, wide),
        f"x has shape {tuple(x.shape)}; give {shown[0]} or {shown[1]}",
    )
    check.require(
        op, not steps or x.shape[0] > 0, f"x has shape {tuple(x.shape)}; give at least one step"
    )
    check.require(
        op,
        w_hh.dim() == 2 and w_hh.shape[0] == gates * w_hh.shape[1] and w_hh.shape[1] > 0,
        f"w_hh has shape {tuple(w_hh.shape)}; give ({gates}H, H)",
    )
    H, features = w_hh.shape[1], x.shape[-1]
    check.require(op, features > 0, f"x has shape {tuple(x.shape)}; give at least one feature")
    check.require(
        op,
        tuple(w_ih.shape) == (gates * H, features),
        f"w_ih has shape {tuple(w_ih.shape)}; for x {tuple(x.shape)} and w_hh {tuple(w_hh.shape)} "
        f"give {(gates * H, features)}",
    )
    for name, bias in (("b_ih", b_ih), ("b_hh", b_hh)):
        check.require(
            op,
            bias is None or tuple(bias.shape) == (gates * H,),
            f"{name} has shape {None if bias is None else tuple(bias.shape)}; give ({gates * H},) or None",
        )
    batched = x.dim() == wide
    N = x.shape[-2] if batched else 1
    given = ((1,) if steps else ()) + ((N,) if batched else ()) + (H,)
    for name, tensor in zip(names, states, strict=False):
        check.require(
            op,
            tuple(tensor.shape) == given,
            f"{name} has shape {tuple(tensor.shape)}; for x {tuple(x.shape)} give {given}",
        )
    check.require(
        op,
        4 * N * H <= LIMIT and 4 * H * max(H, features) <= LIMIT,
        f"N={N}, H={H}, in={features} need more than 32 bits to count; give a smaller batch or layer",
    )
    if not batched:
        x = x.unsqueeze(-2)
    if not states:
        zeros = x.new_zeros((N, H))
        return x, (zeros, zeros)[: len(names)], batched
    return x, tuple(tensor.reshape(N, H) for tensor in states), batched


def _tensors(
    op: str, names: tuple[str, ...], state: Tensor | tuple[Tensor, ...] | None
) -> tuple[Tensor, ...]:
    if state is None:
        return ()
    if len(names) == 1:
        return (state,)  # type: ignore[return-value]  # what is no tensor is refused by the caller
    check.require(
        op,
        isinstance(state, (tuple, list)) and len(state) == len(names),
        f"state is a {type(state).__name__}; give a pair (h, c), or None for zeros",
    )
    return tuple(state)
