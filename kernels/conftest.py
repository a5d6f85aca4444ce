"""Examples in docstrings run in Triton's interpreter where there is no GPU; see tests/kernels/conftest.py."""

import importlib.util
import os

import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"

# Triton has no wheels for macOS and Windows; there is nothing to try there.
collect_ignore_glob = [] if importlib.util.find_spec("triton") else ["deepkernels/*"]
