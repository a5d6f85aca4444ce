"""What every operation's contenders need: more data than the cache holds, a reference, torch.compile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from deepkernels.bench import correctness, launches
from deepkernels.bench.session import Problem
from deepkernels.bench.shapes import Case
from deepkernels.bench.timing import Work, buffer_sets

Tensors = tuple[torch.Tensor, ...]
Function = Callable[..., Any]

#: Most bytes that all sets of buffers together may take.
MOST_BYTES = 16 * 2**30


@contextlib.contextmanager
def tf32(allowed: bool = True) -> Iterator[None]:
    """Let the vendor's float32 products round to TF32, as ours do by default, or forbid it for references."""
    product, convolution = torch.backends.cuda.matmul, torch.backends.cudnn
    before = product.allow_tf32, convolution.allow_tf32, convolution.benchmark
    product.allow_tf32 = convolution.allow_tf32 = allowed
    convolution.benchmark = (
        allowed  # a reference runs twice: trying algorithms would take longer than running
    )
    try:
        yield
    finally:
        product.allow_tf32, convolution.allow_tf32, convolution.benchmark = before


class Bench:
    """Data and contenders of one case: collects what every operation's builder needs.

    Args:
        case: the case.
        device: where.
        cache: bytes of the cache that buffers must not stay in.
        with_compile: whether torch.compile takes part.
        seed: of the data, which is normal.
    """

    def __init__(
        self, case: Case, device: torch.device, cache: int, with_compile: bool, seed: int = 0
    ) -> None:
        self.case, self.device, self.with_compile = case, device, with_compile
        self.dtype = correctness.DTYPES[case.dtype]
        size = max(1, int(case.work.bytes))
        self.sets = max(1, min(buffer_sets(size, cache), MOST_BYTES // size))
        self.generator = torch.Generator(device).manual_seed(seed)

    def normal(self, *shape: int, scale: float = 1.0, images: bool = False) -> torch.Tensor:
        """Return normal data of the case's dtype, channels last for images and their weights."""
        data = torch.randn(shape, device=self.device, generator=self.generator) * scale
        data = data.to(self.dtype)
        return data.contiguous(memory_format=torch.channels_last) if images else data

    def problem(
        self,
        make: Callable[[], Tensors],
        contenders: Mapping[str, Function],
        reference: Function,
        compiled: Function | None = None,
    ) -> Problem:
        """Return the problem of functions that take the tensors of `make()`.

        Args:
            make: one set of buffers.
            contenders: name → function; "ours" among them.
            reference: the same in any dtype, for float64.
            compiled: what torch.compile shall compile, None for nothing.
        """
        sets = [make() for _ in range(self.sets)]
        functions = dict(contenders)
        if compiled is not None and self.with_compile:
            functions["compile"] = torch.compile(compiled, fullgraph=True, dynamic=False)
        wide = correctness.reference_dtype(self.case.work.flops)

        def expected() -> Sequence[torch.Tensor]:
            with tf32(False):
                widened = [t.to(wide) if t.is_floating_point() else t for t in sets[0]]
                return [t.detach() for t in correctness.as_list(reference(*widened))]

        works = {name: _going_round(function, sets) for name, function in functions.items()}
        with launches.recorded() as found, contextlib.suppress(Exception):
            works["ours"](0)
        return Problem(works, expected, self.sets, found or None, str(wide).removeprefix("torch."))


def _going_round(function: Function, sets: Sequence[Tensors]) -> Work:
    return lambda number: function(*sets[number % len(sets)])


class BackwardOnly:
    """The backward pass alone: the forward pass of each input is run when it is first seen."""

    def __init__(self, forward: Function) -> None:
        self.forward, self.graphs = forward, {}  # type: ignore[var-annotated]

    def __call__(self, x: torch.Tensor, dy: torch.Tensor) -> torch.Tensor:
        # Autograd runs a backward pass on the stream of its forward pass, so each stream has a forward pass of its own.
        key = x.data_ptr(), torch.cuda.current_stream().cuda_stream if x.is_cuda else 0
        if key not in self.graphs:
            leaf = x.detach().requires_grad_()
            self.graphs[key] = leaf, self.forward(leaf)
        leaf, y = self.graphs[key]
        return torch.autograd.grad(y, leaf, dy, retain_graph=True)[0]
