"""The one way in which kernel tests compare, and the one table of tolerances."""

import math

import torch

# Half the distance between 1 and the next number: the relative error of one rounding.
ROUNDING = {
    torch.float64: 2.0**-53,
    torch.float32: 2.0**-24,
    torch.float16: 2.0**-11,
    torch.bfloat16: 2.0**-8,
    "tf32": 2.0**-11,
}


def tolerance(dtype: torch.dtype, terms: int, precision: str = "ieee") -> float:
    """Relative error that rounding explains: operands once, the result once, a float32 sum of ``terms`` numbers.

    Roundings are independent, so a sum's error grows with the root of its length; 8 is the margin that a normal
    variable does not exceed. ``precision="tf32"`` is what tensor cores make of float32 operands on a GPU.
    """
    inside = ROUNDING[torch.float64 if dtype == torch.float64 else torch.float32]
    operands = ROUNDING["tf32"] if precision == "tf32" and dtype == torch.float32 else 0.0
    return 8 * (ROUNDING[dtype] + operands + inside * math.sqrt(max(terms, 1)))


def assert_close(
    got: torch.Tensor,
    reference: torch.Tensor,
    terms: int = 1,
    what: str = "result",
    precision: str = "ieee",
    dtype: torch.dtype | None = None,
) -> None:
    """Compare with a float64 reference: shape, no NaN where there is none, the error as a whole and at its worst.

    As a whole: the norm of the difference against that of the reference. At its worst: no element may be off by more
    than 8 tolerances of the reference's root mean square or of its own size: one wrong element among millions is found.
    ``dtype`` is that of the operands where the result has another.
    """
    assert isinstance(got, torch.Tensor), f"{what}: a {type(got).__name__}"
    assert reference.dtype == torch.float64, f"{what}: the reference is {reference.dtype}"
    assert got.shape == reference.shape, f"{what}: {tuple(got.shape)}, not {tuple(reference.shape)}"
    value, reference = got.detach().cpu().double(), reference.detach().cpu()
    if reference.numel() == 0:
        return
    assert torch.isfinite(reference).all(), f"{what}: the reference is not finite"
    wrong = ~torch.isfinite(value)
    assert not wrong.any(), (
        f"{what}: {int(wrong.sum())} of {value.numel()} elements are NaN or Inf, first at {_first(wrong)}"
    )
    bound = tolerance(dtype or got.dtype, terms, precision)
    difference = (value - reference).abs()
    size = reference.norm()
    error = float(difference.norm() / size) if size else float(difference.norm())
    assert error <= bound, f"{what}: relative error {error:.2e}, allowed {bound:.2e}"
    scale = torch.maximum(reference.abs(), reference.square().mean().sqrt())
    far = difference > 8 * bound * scale if size else difference > bound
    assert not far.any(), (
        f"{what}: {int(far.sum())} elements are off, first at {_first(far)}: "
        f"{value[far][0].item():.6g} for {reference[far][0].item():.6g}"
    )


def _first(mask: torch.Tensor) -> tuple[int, ...]:
    return tuple(int(i) for i in mask.nonzero()[0])


def poisoned(
    shape: tuple[int, ...], dtype: torch.dtype, device: str, channels_last: bool = False
) -> torch.Tensor:
    """Memory full of NaN: whatever a kernel forgets to write stays visible."""
    memory = torch.full(shape, math.nan, dtype=dtype, device=device)
    return memory.to(memory_format=torch.channels_last) if channels_last else memory


def normal(*shape: int, dtype: torch.dtype = torch.float32, device: str = "cpu") -> torch.Tensor:
    """Random normal numbers, rounded to the dtype before anybody computes with them."""
    return torch.randn(shape, dtype=torch.float64).to(dtype).to(device)
