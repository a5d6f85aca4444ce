"""The problems that are measured, in groups; each group has a target of its own or none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from deepkernels.bench.roofline import Work

SIZES = {"bf16": 2, "fp16": 2, "fp32": 4}  # bytes an element


@dataclass(frozen=True)
class Case:
    """One problem.

    Args:
        op: the operation: matmul, conv2d, pool2d, recurrent, loss, fused, or a network: lenet.
        group: the cases that are judged together.
        name: what tells it apart within the group.
        shape: sizes and options by their usual letters; see the functions below for each operation's.
        dtype: of all tensors.
    """

    op: str
    group: str
    name: str
    shape: MappingProxyType[str, Any] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    dtype: str = "bf16"

    @property
    def key(self) -> str:
        """What the record calls it.

        >>> matmul("large", 4096, 4096, 4096).key
        'large/4096x4096x4096/bf16'
        """
        return f"{self.group}/{self.name}/{self.dtype}"

    @property
    def work(self) -> Work:
        """Operations and least bytes (every tensor once).

        >>> matmul("large", 4096, 4096, 4096).work.intensity > 1000
        True
        """
        return WORK[self.op](self.shape, SIZES[self.dtype])

    @property
    def terms(self) -> int:
        """How many products an element of the result adds up."""
        return TERMS[self.op](self.shape)


def matmul(group: str, m: int, k: int, n: int, dtype: str = "bf16", **options: Any) -> Case:
    """A product (M, K) × (K, N); options: activation (then a bias is added too), layout "NN", "NT", "TN"."""
    name = "x".join(map(str, (m, k, n))) + "".join(f"-{value}" for value in options.values())
    shape = {"M": m, "K": k, "N": n, **options}
    return Case("matmul", group, name, MappingProxyType(shape), dtype)


def conv(
    group: str, batch: int, c: int, size: int, k: int, r: int, stride: int = 1,
    padding: int | None = None, groups: int = 1, step: str = "forward", label: str = "", dtype: str = "bf16",
) -> Case:  # fmt: skip
    """A convolution of `batch` square images with C channels to K, R × R weights; `step` forward, dgrad or wgrad."""
    padding = r // 2 if padding is None else padding
    out = (size + 2 * padding - r) // stride + 1
    shape = {
        "N": batch, "C": c, "H": size, "W": size, "K": k, "R": r, "S": r, "P": out, "Q": out,
        "stride": stride, "padding": padding, "groups": groups, "step": step,
    }  # fmt: skip
    name = f"{label + '-' if label else ''}{size}x{size}x{c}-{k}-{r}x{r}-s{stride}"
    return Case("conv2d", group, name, MappingProxyType(shape), dtype)


def pool(
    group: str, kind: str, batch: int, c: int, size: int, r: int, stride: int, padding: int = 0,
    step: str = "forward", dtype: str = "bf16",
) -> Case:  # fmt: skip
    """Pooling of square images, `kind` max or avg, windows R × R; `step` forward or backward."""
    out = (size + 2 * padding - r) // stride + 1
    shape = {
        "kind": kind, "N": batch, "C": c, "H": size, "W": size, "R": r, "S": r, "P": out, "Q": out,
        "stride": stride, "padding": padding, "step": step,
    }  # fmt: skip
    name = f"{kind}-{batch}x{size}x{size}x{c}-{r}x{r}-s{stride}-{step}"
    return Case("pool2d", group, name, MappingProxyType(shape), dtype)


def cell(
    group: str, kind: str, batch: int, hidden: int, steps: int = 1, dtype: str = "bf16"
) -> Case:
    """A recurrent cell, `kind` lstm or gru, as wide as its input; `steps` > 1 is a sequence."""
    shape = {"kind": kind, "B": batch, "I": hidden, "H": hidden, "T": steps}
    length = f"-t{steps}" if steps > 1 else ""
    name = f"{kind}-b{batch}-h{hidden}{length}"
    return Case("recurrent", group, name, MappingProxyType(shape), dtype)


def loss(rows: int, classes: int, dtype: str = "bf16") -> Case:
    """Cross-entropy of `rows` samples over `classes`, with its gradient."""
    shape = MappingProxyType({"M": rows, "V": classes})
    return Case("loss", "cross-entropy", f"{rows}x{classes}", shape, dtype)


def fused(batch: int, c: int, size: int, k: int, r: int, dtype: str = "bf16") -> Case:
    """Convolution, ReLU and 2 × 2 maximum pooling in one kernel."""
    shape = dict(conv("", batch, c, size, k, r).shape)
    name = f"{size}x{size}x{c}-{k}-{r}x{r}"
    return Case("fused", "conv-relu-pool", name, MappingProxyType(shape), dtype)


def lenet(batch: int = 128, steps: int = 400, seeds: int = 5) -> Case:
    """A training step of LeNet-5, timed, and its training over several seeds, compared."""
    shape = MappingProxyType({"B": batch, "steps": steps, "seeds": seeds})
    return Case("lenet", "training", f"lenet5-b{batch}", shape, "fp32")


def _matmul_work(shape: Any, size: int) -> Work:
    m, k, n = shape["M"], shape["K"], shape["N"]
    bias = n if "activation" in shape else 0
    return Work(2.0 * m * k * n, float(size * (m * k + k * n + m * n + bias)))


def _conv_elements(shape: Any) -> tuple[int, int, int]:
    x = shape["N"] * shape["C"] * shape["H"] * shape["W"]
    w = shape["K"] * shape["C"] // shape["groups"] * shape["R"] * shape["S"]
    return x, w, shape["N"] * shape["K"] * shape["P"] * shape["Q"]


def _conv_work(shape: Any, size: int) -> Work:
    # Forward and both gradients do the same products and touch the same three tensors.
    x, w, y = _conv_elements(shape)
    each = shape["C"] // shape["groups"] * shape["R"] * shape["S"]
    return Work(2.0 * y * each, float(size * (x + w + y)))


def _pool_work(shape: Any, size: int) -> Work:
    x = shape["N"] * shape["C"] * shape["H"] * shape["W"]
    y = shape["N"] * shape["C"] * shape["P"] * shape["Q"]
    flops = float(y * shape["R"] * shape["S"])
    if shape["step"] == "forward":
        return Work(flops, float(size * (x + y)))
    # dy is read and dx written; the place of each maximum is read as a byte at least.
    return Work(flops, float(size * (x + y) + (y if shape["kind"] == "max" else 0)))


def _recurrent_work(shape: Any, size: int) -> Work:
    b, i, h, t = shape["B"], shape["I"], shape["H"], shape["T"]
    gates = 4 if shape["kind"] == "lstm" else 3
    states = 2 if shape["kind"] == "lstm" else 1
    weights = gates * h * (i + h) + 2 * gates * h
    return Work(
        2.0 * t * b * gates * h * (i + h),
        float(size * (weights + t * b * (i + (h if t > 1 else 0)) + 2 * states * b * h)),
    )


def _loss_work(shape: Any, size: int) -> Work:
    # Logits are read and their gradient written; a class index has 8 bytes.
    m, v = shape["M"], shape["V"]
    return Work(5.0 * m * v, float(2 * size * m * v + 8 * m))


def _fused_work(shape: Any, size: int) -> Work:
    x, w, y = _conv_elements(shape)
    each = shape["C"] * shape["R"] * shape["S"]
    return Work(2.0 * y * each, float(size * (x + w + y // 4)))


def _lenet_work(shape: Any, size: int) -> Work:
    # Products of both convolutions and the three linear layers; the backward pass makes each of them twice.
    products = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    # Images are read; weights are read and written, gradients written and read.
    return Work(6.0 * shape["B"] * products, float(size * (shape["B"] * 784 + 4 * 61706)))


def _conv_terms(shape: Any) -> int:
    if shape["step"] == "wgrad":
        return int(shape["N"] * shape["P"] * shape["Q"])
    channels = shape["K"] if shape["step"] == "dgrad" else shape["C"]
    return int(channels // shape["groups"] * shape["R"] * shape["S"])


WORK = {
    "matmul": _matmul_work,
    "conv2d": _conv_work,
    "pool2d": _pool_work,
    "recurrent": _recurrent_work,
    "loss": _loss_work,
    "fused": _fused_work,
    "lenet": _lenet_work,
}
TERMS = {
    "matmul": lambda shape: shape["K"],
    "conv2d": _conv_terms,
    "pool2d": lambda shape: shape["R"] * shape["S"],
    "recurrent": lambda shape: shape["I"] + shape["H"],
    "loss": lambda shape: shape["V"],
    "fused": _conv_terms,
    "lenet": lambda shape: 28 * 28 * shape["B"],
}

# ResNet-50 at 224 × 224 (He et al. 2016; its stride on the 3 × 3, as torchvision has it): channels, size, channels out.
RESNET_3X3 = ((64, 56, 64), (128, 28, 128), (256, 14, 256), (512, 7, 512))
RESNET_3X3_S2 = ((128, 56, 128), (256, 28, 256), (512, 14, 512))
RESNET_1X1 = (
    (64, 56, 64), (64, 56, 256), (256, 56, 64), (256, 56, 128), (128, 28, 512), (512, 28, 128),
    (512, 28, 256), (256, 14, 1024), (1024, 14, 256), (1024, 14, 512), (512, 7, 2048), (2048, 7, 512),
)  # fmt: skip
RESNET_1X1_S2 = ((256, 56, 512), (512, 28, 1024), (1024, 14, 2048))
# VGG-16 (Simonyan and Zisserman 2015), all 3 × 3 but the first, which reads three channels.
VGG_3X3 = (
    (64, 224, 64), (64, 112, 128), (128, 112, 128), (128, 56, 256), (256, 56, 256), (256, 28, 512),
    (512, 28, 512), (512, 14, 512),
)  # fmt: skip
# Depthwise layers of MobileNet (Howard et al. 2017): channels, size, stride.
MOBILENET = (
    (32, 112, 1), (64, 112, 2), (128, 56, 1), (128, 56, 2), (256, 28, 1), (256, 28, 2), (512, 14, 1),
    (512, 14, 2), (1024, 7, 1),
)  # fmt: skip
BATCH = 64

#: The shape at which every rung of a ladder is timed.
MATMUL_REFERENCE = (4096, 4096, 4096)
CONV_REFERENCE = (256, 14, 256)
LSTM_REFERENCE = 512


def _matmuls() -> Iterator[Case]:
    yield from (matmul("large", s, s, s) for s in (2048, 3072, 4096, 5120, 6144, 8192))
    yield from (matmul("small", s, s, s) for s in (256, 512, 1024))
    yield matmul("awkward", 4097, 4099, 4104)
    yield from (matmul("awkward", s, s, s) for s in (1000, 2500, 3001))
    yield from (matmul("skinny", m, 4096, 4096) for m in (1, 8, 16, 32, 64, 128, 256))
    yield from (matmul("skinny", m, 4096, 14336) for m in (16, 64, 256))
    for m, k, n, name in (
        (4096, 4096, 4096, "relu"),
        (8192, 2048, 8192, "relu"),
        (8192, 8192, 2048, "tanh"),
        (2048, 4096, 4096, "sigmoid"),
        (16384, 1024, 4096, "relu"),
    ):
        yield matmul("bias-activation", m, k, n, activation=name)
    # The book's layers at batch 128: the network of F2, and LeNet-5's fully connected part.
    for k, n in ((784, 256), (256, 128), (128, 10), (400, 120), (120, 84), (84, 10)):
        yield matmul("book", 128, k, n)
    yield from (matmul("layouts", *MATMUL_REFERENCE, layout=layout) for layout in ("NT", "TN"))
    yield from (matmul("dtypes", *MATMUL_REFERENCE, dtype=dtype) for dtype in ("fp16", "fp32"))
    yield matmul("ladder", *MATMUL_REFERENCE)


def _convolutions() -> Iterator[Case]:
    def resnet(group: str, layers: Any, r: int, stride: int, step: str) -> Iterator[Case]:
        for c, size, k in layers:
            yield conv(group, BATCH, c, size, k, r, stride, step=step, label="resnet")

    def vgg(group: str, step: str) -> Iterator[Case]:
        for c, size, k in VGG_3X3:
            yield conv(group, BATCH, c, size, k, 3, step=step, label="vgg")

    yield from resnet("3x3-s1", RESNET_3X3, 3, 1, "forward")
    yield from vgg("3x3-s1", "forward")
    yield from resnet("3x3-s2", RESNET_3X3_S2, 3, 2, "forward")
    yield from resnet("1x1", RESNET_1X1, 1, 1, "forward")
    yield from resnet("1x1", RESNET_1X1_S2, 1, 2, "forward")
    yield conv("stem", BATCH, 3, 224, 64, 7, 2, label="resnet")
    yield conv("stem", BATCH, 3, 224, 64, 3, label="vgg")
    for step in ("dgrad", "wgrad"):
        yield from resnet(step, RESNET_3X3, 3, 1, step)
        yield from resnet(step, RESNET_3X3_S2, 3, 2, step)
        yield from resnet(step, RESNET_1X1[4:10:2], 1, 1, step)
        yield from vgg(step, step)
    yield conv("wgrad", BATCH, 3, 224, 64, 7, 2, step="wgrad", label="resnet")
    for step in ("forward", "dgrad", "wgrad"):
        group = "depthwise" if step == "forward" else f"depthwise-{step}"
        for c, size, stride in MOBILENET:
            yield conv(group, BATCH, c, size, c, 3, stride, groups=c, step=step, label="mobilenet")
    for step in ("forward", "dgrad", "wgrad"):
        yield conv("lenet", 128, 6, 14, 16, 5, padding=0, step=step, label=f"{step}-conv2")
    yield conv("lenet", 128, 1, 28, 6, 5, padding=2, label="forward-conv1")
    c, size, k = CONV_REFERENCE
    yield conv("ladder", BATCH, c, size, k, 3)


def _pools() -> Iterator[Case]:
    # ResNet's, VGG's first and last, and an overlapping average; each input has 256 MB or more.
    for step in ("forward", "backward"):
        group = "pooling" if step == "forward" else "pooling-backward"
        yield pool(group, "max", 256, 64, 112, 3, 2, 1, step)
        yield pool(group, "max", 64, 64, 224, 2, 2, 0, step)
        yield pool(group, "avg", 64, 64, 224, 2, 2, 0, step)
        yield pool(group, "avg", 1024, 128, 32, 3, 1, 1, step)


def _recurrent() -> Iterator[Case]:
    for hidden in (256, 512, 1024):
        for batch in (64, 256):
            yield cell("lstm-cell", "lstm", batch, hidden)
            yield cell("gru-cell", "gru", batch, hidden)
        for dtype in ("bf16", "fp16"):
            yield cell("lstm-sequence", "lstm", 64, hidden, steps=64, dtype=dtype)
            yield cell("gru-sequence", "gru", 64, hidden, steps=64, dtype=dtype)
    yield cell("ladder", "lstm", BATCH, LSTM_REFERENCE)


def _others() -> Iterator[Case]:
    yield from (loss(rows, classes) for rows, classes in ((8192, 32000), (65536, 1000), (128, 10)))
    yield fused(BATCH, 64, 112, 128, 3)
    yield fused(BATCH, 256, 28, 512, 3)
    yield lenet()
    # The last rungs wait for each other on the device: should one wait for ever, all else has been measured.
    yield cell("ladder", "lstm", BATCH, LSTM_REFERENCE, steps=64)


def cases() -> list[Case]:
    """Every case, in the order in which they are measured.

    >>> len({case.key for case in cases() if case.op == "matmul"}) == sum(case.op == "matmul" for case in cases())
    True
    """
    return [*_matmuls(), *_convolutions(), *_pools(), *_recurrent(), *_others()]


def megabytes(case: Case) -> int:
    """Return the least megabytes (10⁶ bytes) that a case moves, rounded up."""
    return math.ceil(case.work.bytes / 1e6)
