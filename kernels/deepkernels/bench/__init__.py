"""Timing the kernels beside the vendor's library: `python -m deepkernels.bench`.

It needs Python, torch and triton, nothing else, and writes `results/kernels/<operation>-<machine>.json`.
"""
