"""Who computes each operation: ours, the vendor's library, torch.compile, PyTorch step by step, and every rung."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from deepkernels import configs
from deepkernels.bench import lenet, recurrent
from deepkernels.bench.contenders import BackwardOnly, Bench, Function, Tensors
from deepkernels.bench.session import Problem
from deepkernels.bench.shapes import Case

ACTIVATIONS: dict[str, Function] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}

#: Kernels of a convolution from the definition to what `conv2d` itself takes, one idea a rung.
CONV_RUNGS = {
    "direct": "direct:direct",
    "im2col": "im2col:patches",
    "implicit": "implicit:implicit",
    "tiled": "tma:tiled",
    "persistent": "tma:persistent",
}


def build(case: Case, device: torch.device, cache: int, with_compile: bool = True) -> Problem:
    """Make a case's data and contenders.

    Raises:
        ValueError: for an operation that has no builder.
    """
    if case.op not in BUILDERS:
        raise ValueError(f"bench: nothing builds {case.op!r}; there are {', '.join(BUILDERS)}")
    return BUILDERS[case.op](Bench(case, device, cache, with_compile))


def _matmul(bench: Bench) -> Problem:
    from deepkernels.matmul import RUNGS, matmul, run

    shape = bench.case.shape
    m, k, n = shape["M"], shape["K"], shape["N"]
    layout = shape.get("layout", "NN")

    # Sums of K products have a spread of √K; of those, tanh and sigmoid would only say 1 or −1.
    scale = k**-0.5 if "activation" in shape else 1.0

    def make() -> Tensors:
        a = bench.normal(k, m).T if layout == "TN" else bench.normal(m, k)
        b = bench.normal(n, k, scale=scale).T if layout == "NT" else bench.normal(k, n, scale=scale)
        return (a, b, bench.normal(n)) if "activation" in shape else (a, b)

    if "activation" in shape:
        return _matmul_activated(bench, make, shape["activation"])
    contenders: dict[str, Function] = {}
    if bench.case.group == "ladder":
        contenders = {name: functools.partial(run, name) for name in RUNGS}
    contenders |= {"ours": matmul, "vendor": torch.matmul}
    return bench.problem(make, contenders, torch.matmul)


def _matmul_activated(bench: Bench, make: Callable[[], Tensors], name: str) -> Problem:
    from deepkernels.matmul import matmul

    activate = ACTIVATIONS[name]

    def eager(a: torch.Tensor, b: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return activate(torch.addmm(bias, a, b))

    def ours(a: torch.Tensor, b: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return matmul(a, b, bias=bias, activation=name)

    contenders: dict[str, Function] = {"ours": ours, "eager": eager}
    if name == "relu":  # for this one the vendor's library has an epilogue of its own
        contenders["vendor"] = lambda a, b, bias: torch._addmm_activation(bias, a, b)
    return bench.problem(make, contenders, eager, compiled=eager)


def _conv2d(bench: Bench) -> Problem:
    from deepkernels.conv2d import Geometry, conv2d
    from deepkernels.conv2d.autograd import dgrad, wgrad

    shape = bench.case.shape
    options = {name: shape[name] for name in ("stride", "padding", "groups")}
    x_shape = shape["N"], shape["C"], shape["H"], shape["W"]
    w_shape = shape["K"], shape["C"] // shape["groups"], shape["R"], shape["S"]
    y_shape = shape["N"], shape["K"], shape["P"], shape["Q"]
    geometry = Geometry.of(x_shape, w_shape, **options)
    image = functools.partial(bench.normal, images=True)
    ours: Function
    vendor: Function
    if shape["step"] == "forward":
        vendor = functools.partial(F.conv2d, **options)
        contenders: dict[str, Function] = {}
        if bench.case.group == "ladder":
            for name, config in _conv_rungs(geometry, bench.dtype).items():
                contenders[name] = functools.partial(_conv_rung, geometry, config)
        contenders |= {"ours": functools.partial(conv2d, **options), "vendor": vendor}
        return bench.problem(lambda: (image(*x_shape), image(*w_shape)), contenders, vendor)
    # A gradient does not depend on the tensor that it belongs to, but the vendor's function wants one.
    if shape["step"] == "dgrad":
        vendor = functools.partial(_input_gradient, image(*x_shape), options)
        ours = functools.partial(dgrad, geometry=geometry)
        other = w_shape
    else:
        vendor = functools.partial(_weight_gradient, image(*w_shape), options)
        ours = functools.partial(wgrad, geometry=geometry)
        other = x_shape
    contenders = {"ours": ours, "vendor": vendor}
    return bench.problem(lambda: (image(*y_shape), image(*other)), contenders, vendor)


def _conv_rungs(geometry: Any, dtype: torch.dtype) -> dict[str, str]:
    """Return rung → the first shipped configuration of its kernel that takes this convolution."""
    from deepkernels.conv2d import choice

    found = {}
    for name, kernel in CONV_RUNGS.items():
        for config in configs.load("conv2d"):
            dtypes = config.when.get("dtypes", [str(dtype).removeprefix("torch.")])
            fits = str(dtype).removeprefix("torch.") in dtypes and "precision" not in config.when
            if (
                config.kernel.endswith(kernel)
                and fits
                and not choice.refusal(config, geometry, dtype)
            ):
                found[name] = config.name
                break
    return found


def _conv_rung(geometry: Any, config: str, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    from deepkernels.conv2d import compute

    return compute(x, w, None, geometry, config=config)


def _backward(dy: Any, x: Any, w: Any, options: Mapping[str, int], mask: list[bool]) -> Any:
    stride, padding = [options["stride"]] * 2, [options["padding"]] * 2
    return torch.ops.aten.convolution_backward(
        dy, x.to(dy.dtype), w.to(dy.dtype), None, stride, padding, [1, 1], False, [0, 0],
        options["groups"], mask,
    )  # fmt: skip


def _input_gradient(x: Any, options: Mapping[str, int], dy: Any, w: Any) -> torch.Tensor:
    return _backward(dy, x, w, options, [True, False, False])[0]


def _weight_gradient(w: Any, options: Mapping[str, int], dy: Any, x: Any) -> torch.Tensor:
    return _backward(dy, x, w, options, [False, True, False])[1]


def _pool2d(bench: Bench) -> Problem:
    from deepkernels.pool2d import avg_pool2d, max_pool2d

    shape = bench.case.shape
    sizes = {"kernel_size": shape["R"], "stride": shape["stride"], "padding": shape["padding"]}
    ours: Function
    vendor: Function
    both: dict[str, tuple[Function, Function]] = {
        "max": (max_pool2d, F.max_pool2d),
        "avg": (avg_pool2d, F.avg_pool2d),
    }
    ours, vendor = (functools.partial(function, **sizes) for function in both[shape["kind"]])
    x_shape = shape["N"], shape["C"], shape["H"], shape["W"]
    y_shape = shape["N"], shape["C"], shape["P"], shape["Q"]
    image = functools.partial(bench.normal, images=True)
    if shape["step"] == "forward":
        return bench.problem(
            lambda: (image(*x_shape),), {"ours": ours, "vendor": vendor}, vendor, compiled=vendor
        )
    # The forward pass is run once, before the timing; what it kept is used again and again.
    return bench.problem(
        lambda: (image(*x_shape), image(*y_shape)),
        {"ours": BackwardOnly(ours), "vendor": BackwardOnly(vendor)},
        lambda x, dy: BackwardOnly(vendor)(x, dy),
    )


def _loss(bench: Bench) -> Problem:
    from deepkernels.loss import cross_entropy

    rows, classes = bench.case.shape["M"], bench.case.shape["V"]

    def both(function: Function) -> Function:
        def run(logits: torch.Tensor, target: torch.Tensor) -> Tensors:
            leaf = logits.detach().requires_grad_()
            loss = function(leaf, target)
            return loss.detach(), torch.autograd.grad(loss, leaf)[0]

        return run

    def make() -> Tensors:
        target = torch.randint(classes, (rows,), device=bench.device, generator=bench.generator)
        return bench.normal(rows, classes), target

    contenders = {"ours": both(cross_entropy), "eager": both(F.cross_entropy)}
    return bench.problem(make, contenders, both(F.cross_entropy))


def _fused(bench: Bench) -> Problem:
    from deepkernels.fused import conv2d_relu_pool

    shape = bench.case.shape
    x_shape = shape["N"], shape["C"], shape["H"], shape["W"]
    w_shape = shape["K"], shape["C"], shape["R"], shape["S"]
    image = functools.partial(bench.normal, images=True)

    def eager(x: torch.Tensor, w: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(F.relu(F.conv2d(x, w, bias, padding=shape["padding"])), 2)

    def ours(x: torch.Tensor, w: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return conv2d_relu_pool(x, w, bias, padding=shape["padding"])

    return bench.problem(
        lambda: (image(*x_shape), image(*w_shape), bench.normal(shape["K"])),
        {"ours": ours, "eager": eager},
        eager,
        compiled=eager,
    )


BUILDERS: dict[str, Callable[[Bench], Problem]] = {
    "matmul": _matmul,
    "conv2d": _conv2d,
    "pool2d": _pool2d,
    "recurrent": recurrent.problem,
    "loss": _loss,
    "fused": _fused,
    "lenet": lenet.problem,
}
