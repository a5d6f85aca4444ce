"""Kernels run natively where there is a GPU, else in Triton's interpreter on the CPU."""

import importlib.util
import os

import pytest
import torch

# Triton decides at its import how `@triton.jit` runs kernels, so this comes before any test module is imported.
if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"

# Triton has no wheels for macOS and Windows; there is nothing to test there.
collect_ignore_glob = [] if importlib.util.find_spec("triton") else ["test_*.py"]


@pytest.fixture(scope="session")
def device() -> str:
    """Where the tests' tensors lie: "cuda", or "cpu" for the interpreter."""
    return "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(autouse=True)
def _same_numbers_every_time() -> None:
    torch.manual_seed(0)
