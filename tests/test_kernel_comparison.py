"""The kernels' comparison finds planted errors, and lets pass what rounding explains."""

import math

import pytest
import torch

from kernel_comparison import assert_close, normal, poisoned, tolerance

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def product(dtype: torch.dtype, terms: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix product as a good kernel would round it, and its reference."""
    torch.manual_seed(0)
    a, b = normal(33, terms, dtype=dtype), normal(terms, 17, dtype=dtype)
    exact = a.double() @ b.double()
    return exact.to(dtype), exact


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_rounding_passes(dtype: torch.dtype) -> None:
    got, exact = product(dtype)
    assert_close(got, exact, terms=64)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (lambda x: -x, "relative error"),
        (lambda x: x * 1.1, "relative error"),
        (lambda x: x.roll(1, 0), "relative error"),
        (lambda x: x.T.contiguous().reshape(x.shape), "relative error"),
        (
            lambda x: x.index_fill(0, torch.tensor([5]), math.nan),
            "17 of 561 elements are NaN or Inf",
        ),
        (lambda x: x.index_fill(0, torch.tensor([5]), math.inf), "NaN or Inf"),
        (lambda x: x[:-1], "not"),
    ],
    ids=["sign", "scale", "shifted rows", "transposed", "nan row", "inf row", "missing row"],
)
def test_planted_errors_are_found(dtype: torch.dtype, plant, message: str) -> None:
    got, exact = product(dtype)
    with pytest.raises(AssertionError, match=message):
        assert_close(plant(got), exact, terms=64)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_one_wrong_element_among_a_million_is_found(dtype: torch.dtype) -> None:
    exact = torch.randn(1000, 1000, dtype=torch.float64)
    got = exact.to(dtype, copy=True)
    got[123, 456] += 1
    with pytest.raises(
        AssertionError, match=r"1 elements are off, first at \(123, 456\)|relative error"
    ):
        assert_close(got, exact)


def test_a_wrong_value_where_all_should_be_zero_is_found() -> None:
    got = torch.zeros(4)
    got[2] = 1e-3
    with pytest.raises(AssertionError, match="relative error"):
        assert_close(got, torch.zeros(4, dtype=torch.float64))
    assert_close(torch.zeros(4), torch.zeros(4, dtype=torch.float64))


def test_what_is_no_float64_reference_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"the reference is torch\.float32"):
        assert_close(torch.zeros(2), torch.zeros(2))
    with pytest.raises(AssertionError, match="not finite"):
        assert_close(torch.zeros(2), torch.full((2,), math.nan, dtype=torch.float64))


def test_bfloat16_results_do_not_pass_as_float32() -> None:
    got, exact = product(torch.float32)
    with pytest.raises(AssertionError, match="relative error"):
        assert_close(got.bfloat16().float(), exact, terms=64)


def test_poison_is_everywhere() -> None:
    memory = poisoned((2, 3, 4, 5), torch.float16, "cpu", channels_last=True)
    assert memory.isnan().all()
    assert memory.is_contiguous(memory_format=torch.channels_last)


def test_tolerance_grows_with_the_sum_and_with_coarser_numbers() -> None:
    assert tolerance(torch.float32, 10_000) > tolerance(torch.float32, 1)
    assert (
        tolerance(torch.float32, 64)
        < tolerance(torch.float32, 64, "tf32")
        < tolerance(torch.bfloat16, 64)
    )
