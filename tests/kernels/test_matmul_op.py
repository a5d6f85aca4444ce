"""`matmul` as it is used: shapes, layouts, gradients, torch.compile, and what it refuses."""

import pytest
import torch

from deepkernels import launch
from deepkernels.matmul import backward, matmul
from deepkernels.matmul import op as operator
from deepkernels.matmul.reference import FUNCTIONS, matmul_reference
from kernel_comparison import assert_close, normal, poisoned

GPU = torch.cuda.is_available()
IN_INTERPRETER = pytest.mark.skipif(GPU, reason="float64 is for the interpreter")
FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
ACTIVATIONS = (None, "relu", "tanh", "sigmoid")
# Shapes of a and b, as torch.matmul takes them.
SHAPES = {
    "one": ((1, 1), (1, 1)),
    "odd": ((13, 29), (29, 7)),
    "aligned": ((16, 32), (32, 24)),
    "row": ((1, 40), (40, 9)),
    "column": ((9, 40), (40, 1)),
    "outer": ((6, 1), (1, 11)),
    "rows of a batch": ((2, 3, 5, 16), (16, 8)),
    "batch": ((3, 5, 9), (3, 9, 4)),
    "two batches": ((2, 3, 4, 8), (2, 3, 8, 5)),
    "b repeated": ((3, 4, 8), (1, 8, 5)),
    "a repeated": ((4, 8), (3, 8, 5)),
    "both repeated": ((2, 1, 3, 4), (3, 4, 2)),
}
EMPTY = {
    "no rows": ((0, 3), (3, 2)),
    "no columns": ((2, 3), (3, 0)),
    "no products": ((2, 0), (0, 3)),
    "no batch": ((0, 2, 3), (0, 3, 2)),
    "no rows of a batch": ((0, 2, 3), (3, 2)),
    "nothing": ((0, 0), (0, 0)),
}


def leaf(*shape: int, dtype: torch.dtype, device: str) -> torch.Tensor:
    return normal(*shape, dtype=dtype, device=device).requires_grad_()


def gradients(
    inputs: list[torch.Tensor], activation: str | None, dy: torch.Tensor
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """PyTorch's result and gradients in float64."""
    wide = [tensor.detach().cpu().double().requires_grad_() for tensor in inputs]
    y = matmul_reference(*wide, activation=activation)
    y.backward(dy.cpu().double())
    return y.detach(), [tensor.grad for tensor in wide]


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
def test_shapes(shapes: tuple[tuple[int, ...], tuple[int, ...]], device: str) -> None:
    a, b = (normal(*shape, dtype=torch.float16, device=device) for shape in shapes)
    bias = normal(shapes[1][-1], dtype=torch.float16, device=device)
    expected = matmul_reference(a, b, bias, "relu")
    c = matmul(a, b, bias, "relu")
    assert c.is_contiguous()
    assert_close(c, expected, a.shape[-1])
    out = poisoned(tuple(expected.shape), a.dtype, device)
    assert matmul(a, b, bias, "relu", out=out) is out
    assert_close(out, expected, a.shape[-1], "out")


@pytest.mark.parametrize("dtype", FLOATS.values(), ids=FLOATS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dtypes_and_activations(dtype: torch.dtype, activation: str | None, device: str) -> None:
    a, b, bias = normal(9, 20), normal(20, 12) / 20**0.5, normal(12)
    a, b, bias = (tensor.to(dtype).to(device) for tensor in (a, b, bias))
    assert_close(matmul(a, b, activation=activation), matmul_reference(a, b, None, activation), 20)
    c = matmul(a, b, bias, activation, precision="ieee")
    assert_close(c, matmul_reference(a, b, bias, activation), 20)


def test_layouts(device: str) -> None:
    whole = normal(12, 20, 16, dtype=torch.float16, device=device)
    middle = whole.transpose(0, 1)
    for name, a, b in (
        ("both transposed", whole[0].T, whole[:9, :, 0].T),
        ("columns of a cut", whole[0, :, 1:12], whole[1, :11, ::2]),
        ("batch in the middle", middle[:, :, :5], middle[:, :5]),
        ("rows by turns", middle, whole[0, :16]),
        ("repeated", whole[:1].expand(3, 20, 16), whole[0, :16, :1].expand(16, 7)),
    ):
        assert_close(matmul(a, b), matmul_reference(a, b), a.shape[-1], name)


@pytest.mark.parametrize("shapes", EMPTY.values(), ids=EMPTY)
def test_empty(shapes: tuple[tuple[int, ...], tuple[int, ...]], device: str) -> None:
    a, b = (leaf(*shape, dtype=torch.float32, device=device) for shape in shapes)
    bias = leaf(shapes[1][-1], dtype=torch.float32, device=device)
    c = matmul(a, b, bias, "sigmoid")
    dy = normal(*c.shape, device=device)
    expected, wanted = gradients([a, b, bias], "sigmoid", dy)
    assert_close(c, expected, 1)
    c.backward(dy)
    for tensor, gradient in zip((a, b, bias), wanted, strict=True):
        assert_close(tensor.grad, gradient, 1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", FLOATS.values(), ids=FLOATS)
def test_gradients(dtype: torch.dtype, activation: str | None, device: str) -> None:
    M, N, K = 40, 70, 24
    a, b, bias = ((t / 5).requires_grad_() for t in (normal(M, K), normal(K, N), normal(N)))
    a, b, bias = (t.detach().to(dtype).to(device).requires_grad_() for t in (a, b, bias))
    y = matmul(a, b, bias, activation, precision="ieee")
    dy = normal(M, N, dtype=dtype, device=device)
    # What the gradient is made of: y as it was rounded, and ∂L/∂z, rounded to the dtype.
    y64, dy64 = y.detach().cpu().double(), dy.cpu().double()
    slope = {None: 1.0, "relu": (y64 > 0).double(), "tanh": 1 - y64**2, "sigmoid": y64 * (1 - y64)}
    dz = dy64 * slope[activation]
    y.backward(dy)
    rounded = dz.to(dtype).double()
    assert_close(a.grad, rounded @ b.detach().cpu().double().T, N, "da")
    assert_close(b.grad, a.detach().cpu().double().T @ rounded, M, "db")
    assert_close(bias.grad, dz.sum(0), M, "dbias")


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
def test_gradients_of_all_shapes(
    shapes: tuple[tuple[int, ...], tuple[int, ...]], device: str
) -> None:
    a, b = (leaf(*shape, dtype=torch.float32, device=device) for shape in shapes)
    bias = leaf(shapes[1][-1], dtype=torch.float32, device=device)
    y = matmul(a, b, bias, precision="ieee")
    dy = normal(*y.shape, device=device)
    _, wanted = gradients([a, b, bias], None, dy)
    y.backward(dy)
    for name, tensor, gradient in zip("ab+", (a, b, bias), wanted, strict=True):
        assert_close(tensor.grad, gradient, y.numel(), name)


@pytest.mark.parametrize("wanted", [0, 1, 2], ids=["a", "b", "bias"])
def test_only_the_gradients_that_are_asked_for(wanted: int, device: str) -> None:
    shapes = (5, 6), (6, 4), (4,)
    inputs = [normal(*shape, device=device) for shape in shapes]
    inputs[wanted].requires_grad_()
    matmul(*inputs, "tanh").sum().backward()
    assert [tensor.grad is not None for tensor in inputs] == [i == wanted for i in range(3)]


def test_the_gradient_of_a_sum_has_strides_of_zero(device: str) -> None:
    a, b = leaf(5, 6, dtype=torch.float32, device=device), normal(6, 4, device=device)
    matmul(a, b, precision="ieee").sum().backward()
    assert_close(a.grad, torch.ones(5, 4).double() @ b.cpu().double().T, 4)


@pytest.mark.parametrize("activation", ["none", "tanh"])
def test_bias_gradient_of_many_rows(activation: str, device: str) -> None:
    """So many that every program adds up several tiles of rows."""
    columns = 5
    rows = (2 * launch.processors(torch.device(device)) * 3 + 1) * backward.ROWS - 7
    y, dy = normal(rows, columns, device=device).tanh(), normal(rows, columns, device=device)
    dz, dbias = backward.through(dy, y, activation, bias=True)
    expected = dy.cpu().double()
    if activation == "tanh":
        expected = expected * (1 - y.cpu().double() ** 2)
        assert_close(dz, expected, 1, "dz")
    assert_close(dbias, expected.sum(0), rows, "dbias")


@IN_INTERPRETER
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradcheck(activation: str | None) -> None:
    a, b, bias = (leaf(*s, dtype=torch.float64, device="cpu") for s in ((2, 3), (3, 2), (2,)))
    assert torch.autograd.gradcheck(lambda *t: matmul(*t, activation), (a, b, bias))


@IN_INTERPRETER
def test_gradcheck_of_a_batch() -> None:
    a, b = (leaf(*s, dtype=torch.float64, device="cpu") for s in ((2, 1, 2), (1, 2, 2)))
    assert torch.autograd.gradcheck(matmul, (a, b))
    assert torch.autograd.gradgradcheck(matmul, (a[0].detach().requires_grad_(), b[0].detach()))


@pytest.mark.parametrize("batch", [(), (2,)], ids=["matrix", "batch"])
def test_opcheck(batch: tuple[int, ...], device: str) -> None:
    a = leaf(*batch, 4, 6, dtype=torch.float32, device=device)
    b = leaf(*batch, 6, 5, dtype=torch.float32, device=device)
    bias = leaf(5, dtype=torch.float32, device=device)
    library = torch.ops.deepkernels
    for inputs in ((a, b, bias, "tanh", "ieee"), (a, b, None, "none", "ieee")):
        torch.library.opcheck(library.matmul.default, inputs)
    with torch.no_grad():
        y, out = torch.tanh(a @ b), torch.empty(*batch, 4, 5, device=device)
        torch.library.opcheck(library.matmul_out.default, (a, b, bias, "relu", "ieee", out))
        for activation, wants_bias in (("tanh", True), ("none", True), ("relu", False)):
            inputs = (torch.ones_like(y), y, activation, wants_bias)
            torch.library.opcheck(library.matmul_epilogue_backward.default, inputs)


def test_torch_compile_without_graph_breaks(device: str) -> None:
    def loss(a: torch.Tensor, b: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return matmul(matmul(a, b, bias, "relu"), b.mT, activation="tanh").square().sum()

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    b, bias = (normal(*s, device=device) / 3 for s in ((6, 5), (5,)))
    for rows in (4, 7):  # the second time sizes are symbols
        results = []
        a = normal(2, rows, 6, device=device)
        for function in (loss, compiled):
            inputs = [t.clone().requires_grad_() for t in (a, b, bias)]
            value = function(*inputs)
            results.append([value, *torch.autograd.grad(value, inputs)])
        for eager, traced in zip(*results, strict=True):
            assert torch.equal(eager, traced)


def test_torch_compile_with_out(device: str) -> None:
    def fill(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        matmul(a, b, out=out[1:])
        return out[1:] + 1

    a, b = normal(4, 6, device=device), normal(6, 5, device=device)
    outs = [torch.zeros(5, 5, device=device) for _ in range(2)]
    compiled = torch.compile(fill, fullgraph=True, backend="aot_eager")
    assert torch.equal(fill(a, b, outs[0]), compiled(a, b, outs[1]))
    assert torch.equal(*outs)
    assert not outs[1][0].any()


def test_out_of_any_strides(device: str) -> None:
    a, b = normal(6, 16, device=device), normal(16, 8, device=device)
    memory = poisoned((8, 6), torch.float32, device)
    matmul(a, b, out=memory.T, precision="ieee")
    assert_close(memory.T, matmul_reference(a, b), 16)
    memory = poisoned((6, 20), torch.float32, device)
    matmul(a, b, out=memory[:, 5:13], precision="ieee")
    assert_close(memory[:, 5:13], matmul_reference(a, b), 16)
    assert int(torch.isnan(memory).sum()) == 6 * 12


def test_out_beside_an_operand(device: str) -> None:
    """Columns of one tensor may be read and others written."""
    whole, b = normal(9, 30, device=device), normal(7, 20, device=device)
    expected = matmul_reference(whole[:, 3:10], b)
    matmul(whole[:, 3:10], b, out=whole[:, 10:], precision="ieee")
    assert_close(whole[:, 10:], expected, 7)
    with pytest.raises(ValueError, match="out shares memory with an operand"):
        matmul(whole[:, 4:11], b, out=whole[:, 10:])


def test_nothing_but_our_kernels_multiplies(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forward and backward run without one of PyTorch's products."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Seen(TorchDispatchMode):
        names: set[str] = set()

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            self.names.add(str(function))
            return function(*args, **(kwargs or {}))

    a, b = leaf(3, 4, 6, dtype=torch.float32, device=device), normal(6, 5, device=device)
    with Seen() as seen:
        matmul(a, b.requires_grad_(), normal(5, device=device), "tanh").sum().backward()
    products = ("mm", "matmul", "addmm", "dot", "mul", "linear", "einsum", "conv")
    theirs = {name.split(".")[1] for name in seen.names if not name.startswith("deepkernels")}
    assert not theirs & {*products, *(f"{name}_" for name in products)}
    assert "deepkernels.matmul.default" in seen.names


def test_precision_follows_pytorch(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    compute = operator.compute
    monkeypatch.setattr(operator, "compute", lambda *args: asked.append(args[4]) or compute(*args))
    a = normal(2, 2, device=device)
    before = torch.backends.cuda.matmul.allow_tf32
    try:
        for allowed in (False, True):
            torch.backends.cuda.matmul.allow_tf32 = allowed
            matmul(a, a)
        matmul(a, a, precision="ieee")
        matmul(a.half(), a.half(), precision="ieee")
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
    assert asked == ["ieee", "tf32", "ieee", "tf32"]


def refused(device: str) -> dict[str, tuple[dict, str]]:
    a, b = torch.ones(4, 6, device=device), torch.ones(6, 5, device=device)
    whole = torch.ones(4, 11, device=device)
    return {
        "dtype": ({"a": a.int(), "b": b.int()}, "a is torch.int32; give float16, bfloat16, float32"),
        "two dtypes": ({"a": a, "b": b.half()}, "a is torch.float32 and b is torch.float16; give one"),
        "device": ({"a": a.to("meta"), "b": b}, "a is on meta; give a tensor on a GPU"),
        "no tensor": ({"a": [[1.0]], "b": b}, "a is a list; give a torch.Tensor"),
        "vector": ({"a": a[0], "b": b}, r"a has shape \(6,\); give at least two dimensions \(…, M, K\)"),
        "inner": ({"a": a, "b": b.T}, r"a has shape \(4, 6\) and b \(5, 6\): 6 columns for 5 rows"),
        "batch": (
            {"a": a.expand(2, 4, 6), "b": b.expand(3, 6, 5)},
            r"the batches of a \(2, 4, 6\) and b \(3, 6, 5\) do not fit; give equal leading",
        ),
        "bias": ({"a": a, "b": b, "bias": a[0]}, r"bias has shape \(6,\); give \(5,\), one number"),
        "bias rows": ({"a": a, "b": b, "bias": b[:1]}, r"bias has shape \(1, 5\); give \(5,\)"),
        "activation": ({"a": a, "b": b, "activation": "gelu"}, "activation='gelu'; give None, 'relu'"),
        "precision": ({"a": a, "b": b, "precision": "high"}, "precision='high'; give None, 'tf32' or"),
        "out shape": ({"a": a, "b": b, "out": b}, r"out has shape \(6, 5\); give \(4, 5\)"),
        "out dtype": ({"a": a, "b": b, "out": whole[:, :5].half()}, "a is torch.float32 and out is"),
        "out expanded": ({"a": a, "b": b, "out": whole[:, :1].expand(4, 5)}, "some of its elements share"),
        "out is a": ({"a": whole[:, :6], "b": b, "out": whole[:, 3:8]}, "out shares memory with an operand"),
        "out of a batch": (
            {"a": a.expand(2, 4, 6), "b": b, "out": torch.ones(4, 2, 5, device=device).transpose(0, 1)},
            "cannot be seen as",
        ),
        "gradient": ({"a": a.clone().requires_grad_(), "b": b, "out": a[:, :5] * 1}, "out= cannot be"),
    }  # fmt: skip


@pytest.mark.parametrize("name", refused("cpu"))
def test_errors(name: str, device: str) -> None:
    arguments, message = refused(device)[name]
    with pytest.raises(ValueError, match=f"matmul: .*{message}"):
        matmul(**arguments)


def test_reference_activations_are_those_of_the_operator() -> None:
    assert tuple(FUNCTIONS) == ACTIVATIONS
