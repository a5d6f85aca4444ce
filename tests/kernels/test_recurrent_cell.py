"""LSTM and GRU cells against float64 PyTorch: every rung, every gradient, odd sizes, what they refuse."""

import pytest
import torch

from deepkernels import gru_cell, lstm_cell
from deepkernels.configs import load
from deepkernels.recurrent import binding, ladder, launches, operators, reference
from kernel_comparison import assert_close, normal, poisoned

Tensor = torch.Tensor
FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
KINDS = ("lstm", "gru")
# N, in, H.
SIZES = {
    "smallest": (1, 1, 5),
    "odd": (3, 7, 16),
    "several-tiles": (17, 20, 33),
    "one-unit": (2, 3, 1),
}
FUSED = [config.name for config in load("recurrent") if config.kernel.endswith(":fused")]


def leaves(
    kind: str, sizes: tuple[int, int, int], dtype: torch.dtype, device: str, bias: bool = True
) -> tuple[Tensor, list[Tensor], list[Tensor | None]]:
    """An input, a state and weights of PyTorch's usual size, all of which require gradients."""
    N, features, H = sizes
    rows = binding.GATES[kind] * H
    x, *state = (
        normal(N, wide, dtype=dtype, device=device)
        for wide in [features] + [H] * (2 if kind == "lstm" else 1)
    )
    shapes = [(rows, features), (rows, H), *([(rows,), (rows,)] if bias else [])]
    weights = [(normal(*shape) / H**0.5).to(dtype).to(device) for shape in shapes]
    for tensor in (x, *state, *weights):
        tensor.requires_grad_()
    return x, state, [*weights, *([] if bias else [None, None])]


def wide(tensors: list[Tensor | None]) -> list[Tensor | None]:
    """The same numbers as leaves in float64 on the CPU."""
    return [None if t is None else t.detach().cpu().double().requires_grad_() for t in tensors]


def gradients(
    results: tuple[Tensor, ...], upstream: list[Tensor], inputs: list[Tensor | None]
) -> list[Tensor]:
    return list(torch.autograd.grad(results, [t for t in inputs if t is not None], upstream))


def check(kind: str, run, sizes: tuple[int, int, int], dtype: torch.dtype, device: str, bias=True):  # type: ignore[no-untyped-def]
    """Compare a cell `run(kind, x, state, *weights)`, its state and every gradient, with PyTorch's in float64."""
    x, state, weights = leaves(kind, sizes, dtype, device, bias)
    results = run(kind, x, tuple(state), *weights)
    exact_x, *rest = wide([x, *state, *weights])
    exact_state, exact_weights = rest[: len(state)], rest[len(state) :]
    expected = reference.cell(kind, exact_x, exact_state, exact_weights)
    upstream = [normal(*result.shape, dtype=dtype, device=device) for result in results]
    found = gradients(results, upstream, [x, *state, *weights])
    wanted = gradients(
        expected, [u.cpu().double() for u in upstream], [exact_x, *exact_state, *exact_weights]
    )
    precision = binding.precision(dtype)
    terms = sum(sizes[1:])
    for name, got, exact in zip("hc", results, expected, strict=False):
        assert_close(got, exact.detach(), terms, name, precision)
    names = ["x", *"hc"[: len(state)], "w_ih", "w_hh", "b_ih", "b_hh"]
    for name, got, exact in zip(names, found, wanted, strict=False):
        assert_close(got, exact, 4 * sum(sizes), f"gradient of {name}", precision)


def public(kind: str, x: Tensor, state: tuple[Tensor, ...], *weights: Tensor | None):  # type: ignore[no-untyped-def]
    """The public functions in the ladder's form."""
    if kind == "lstm":
        return lstm_cell(x, state, *weights)
    return (gru_cell(x, state[0], *weights),)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_public(kind: str, size: str, dtype: str, device: str) -> None:
    check(kind, public, SIZES[size], FLOATS[dtype], device)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("size", ["odd", "several-tiles"])
@pytest.mark.parametrize("rung", ladder.CELLS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_rung(kind: str, rung: str, size: str, bias: bool, device: str) -> None:
    check(kind, ladder.CELLS[rung], SIZES[size], torch.float16, device, bias)


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("kind", KINDS)
def test_every_tile_writes_all_of_its_state_and_gates(kind: str, name: str, device: str) -> None:
    N, features, H = SIZES["several-tiles"]
    dtype = torch.float32 if name.endswith("32-float32") else torch.float16
    x, state, weights = leaves(kind, (N, features, H), dtype, device)
    x, *state = (t.detach() for t in (x, *state))
    weights = [w.detach() for w in weights]
    h, c = poisoned((N, H), dtype, device), poisoned((N, H), dtype, device)
    gates = poisoned((N, 4 * H), dtype, device)
    launches.fused(
        kind, x, state[0], state[-1], tuple(weights), h, c if kind == "lstm" else None, gates,
        binding.named(name),
    )  # fmt: skip
    expected = reference.cell(kind, x, state, weights)
    assert_close(h, expected[0], features + H, "h", binding.precision(dtype))
    if kind == "lstm":
        assert_close(c, expected[1], features + H, "c", binding.precision(dtype))
    assert_close(gates, activated(kind, x, state, weights), features + H, "gates")


def activated(kind: str, x: Tensor, state: list[Tensor], weights: list[Tensor | None]) -> Tensor:
    """What the forward pass keeps: i, f, g, o, or r, z, n and the part of n that comes from h."""
    x, h, w_ih, w_hh, b_ih, b_hh = (reference.wide(t) for t in (x, state[0], *weights))
    of_x = (x @ w_ih.T + b_ih).chunk(binding.GATES[kind], 1)
    of_h = (h @ w_hh.T + b_hh).chunk(binding.GATES[kind], 1)
    if kind == "lstm":
        i, f, g, o = (a + b for a, b in zip(of_x, of_h, strict=True))
        return torch.cat([i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()], 1)
    r, z = ((a + b).sigmoid() for a, b in zip(of_x[:2], of_h[:2], strict=True))
    return torch.cat([r, z, (of_x[2] + r * of_h[2]).tanh(), of_h[2]], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_elementwise_half_writes_everything(kind: str, device: str) -> None:
    N, H, rows = 5, 130, binding.GATES[kind] * 130
    gx, gh = normal(N, rows, device=device), normal(N, rows, device=device)
    before = normal(N, H, device=device)
    h, c = poisoned((N, H), torch.float32, device), poisoned((N, H), torch.float32, device)
    gates = poisoned((N, 4 * H), torch.float32, device)
    launches.pointwise(kind, gx, gh, before, h, c if kind == "lstm" else None, gates)
    assert torch.isfinite(gates).all()
    # Identities for weights, so that PyTorch's cell has these products too.
    parts = reference.wide(gx), reference.wide(gh)
    if kind == "lstm":
        i, f, g, o = (parts[0] + parts[1]).chunk(4, 1)
        new = f.sigmoid() * reference.wide(before) + i.sigmoid() * g.tanh()
        assert_close(c, new, 8, "c")
        expected = o.sigmoid() * new.tanh()
    else:
        (a, b, m), (d, e, n) = (part.chunk(3, 1) for part in parts)
        update = (b + e).sigmoid()
        new = (m + (a + d).sigmoid() * n).tanh()
        expected = (1 - update) * new + update * reference.wide(before)
    assert_close(h, expected, 8, "h")


@pytest.mark.parametrize("used", ["h", "c"])
def test_only_one_of_the_results_is_used(used: str, device: str) -> None:
    x, state, weights = leaves("lstm", (3, 4, 5), torch.float32, device)
    result = lstm_cell(x, tuple(state), *weights)["hc".index(used)]
    exact = wide([x, *state, *weights])
    expected = reference.cell("lstm", exact[0], exact[1:3], exact[3:])["hc".index(used)]
    found = gradients((result,), [torch.ones_like(result)], [x, *state, *weights])
    wanted = gradients((expected,), [torch.ones_like(expected)], exact)
    for got, right in zip(found, wanted, strict=True):
        assert_close(got, right, 40, f"gradient through {used}", binding.precision(torch.float32))


@pytest.mark.parametrize("kind", KINDS)
def test_frozen_weights_get_no_gradient(kind: str, device: str) -> None:
    x, state, weights = leaves(kind, (3, 4, 5), torch.float32, device)
    for weight in weights:
        weight.requires_grad_(False)
    public(kind, x, tuple(state), *weights)[0].sum().backward()
    assert x.grad is not None
    assert all(weight.grad is None for weight in weights)


@pytest.mark.parametrize("kind", KINDS)
def test_gradcheck(kind: str) -> None:
    if torch.cuda.is_available():
        pytest.skip("kernels take float64 in the interpreter only")
    x, state, weights = leaves(kind, (1, 1, 2), torch.float64, "cpu")
    inputs = (x, *state, *weights)

    def run(x: Tensor, *rest: Tensor):  # type: ignore[no-untyped-def]
        return public(kind, x, rest[: len(state)], *rest[len(state) :])

    assert torch.autograd.gradcheck(run, inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_operators_are_registered_as_pytorch_wants_it(kind: str, device: str) -> None:
    x, state, weights = leaves(kind, (3, 4, 5), torch.float32, device)
    c = state[1] if kind == "lstm" else None
    torch.library.opcheck(operators.cell, (kind, x, state[0], c, *weights, True))
    rows = binding.GATES[kind] * 5
    gx, gh = (normal(3, rows, device=device).requires_grad_() for _ in range(2))
    torch.library.opcheck(operators.pointwise, (kind, gx, gh, state[-1], True))
    torch.library.opcheck(operators.sum_rows, (gx.detach(),))


@pytest.mark.parametrize("kind", KINDS)
def test_compile(kind: str, device: str) -> None:
    x, state, weights = leaves(kind, (3, 4, 5), torch.float32, device)
    inputs = [x, *state, *weights]
    compiled = torch.compile(public, fullgraph=True, backend="aot_eager")
    found, eager = (
        compiled(kind, x, tuple(state), *weights),
        public(kind, x, tuple(state), *weights),
    )
    upstream = [torch.ones_like(result) for result in eager]
    for a, b in zip(
        [*found, *gradients(found, upstream, inputs)],
        [*eager, *gradients(eager, upstream, inputs)],
        strict=True,
    ):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_empty_batch(kind: str, device: str) -> None:
    x, state, weights = leaves(kind, (0, 4, 5), torch.float32, device)
    results = public(kind, x, tuple(state), *weights)
    assert all(result.shape == (0, 5) for result in results)
    for gradient in gradients(
        results, [torch.ones_like(r) for r in results], [x, *state, *weights]
    ):
        assert gradient.numel() == 0 or not gradient.any()


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_batch_and_without_a_state(kind: str, device: str) -> None:
    x, state, weights = leaves(kind, (1, 4, 5), torch.float32, device)
    cell = lstm_cell if kind == "lstm" else gru_cell
    alone = tuple(tensor[0] for tensor in state)
    found = cell(x[0], alone if kind == "lstm" else alone[0], *weights)
    expected = public(kind, x, tuple(state), *weights)
    assert torch.equal(found[0] if kind == "lstm" else found, expected[0][0])
    zeros = tuple(torch.zeros_like(tensor) for tensor in state)
    found = cell(x, None, *weights)
    assert torch.equal(found[0] if kind == "lstm" else found, public(kind, x, zeros, *weights)[0])


def test_strided_arguments(device: str) -> None:
    x, state, weights = leaves("lstm", (3, 4, 5), torch.float32, device)
    expected = lstm_cell(x, tuple(state), *weights)
    strided = [t.detach().repeat_interleave(2, -1)[..., ::2] for t in (x, *state, *weights)]
    assert not strided[0].is_contiguous()
    found = lstm_cell(strided[0], tuple(strided[1:3]), *strided[3:])
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("rows", [0, 1, 33, 600])
def test_sums_of_rows(rows: int, device: str) -> None:
    x = normal(rows, 70, device=device)
    out = poisoned((70,), torch.float32, device)
    launches.sum_rows(x, out)
    assert_close(out, x.cpu().double().sum(0), max(rows, 1), "sum")


def test_programs_read_the_gates_of_their_own_units_only() -> None:
    from deepkernels import trace

    if torch.cuda.is_available():
        pytest.skip("programs are watched in the interpreter")
    x, state, weights = leaves("gru", (3, 7, 16), torch.float32, "cpu")
    w_ih, h = weights[0].detach(), torch.empty(3, 16)
    rest = tuple(weight.detach() for weight in weights[1:])
    config = binding.named("fused-16x8")
    with trace.record(w_ih=w_ih, h=h) as seen:
        launches.fused(
            "gru", x.detach(), state[0].detach(), state[0].detach(), (w_ih, *rest), h, None, None, config
        )  # fmt: skip
    assert seen.programs == [(0, 0, 0), (1, 0, 0)]
    for program in range(2):
        units = slice(8 * program, 8 * program + 8)
        rows = torch.zeros(3, 16, 7, dtype=torch.bool)
        rows[:, units] = True
        assert torch.equal(seen.read("w_ih", program).view(3, 16, 7), rows)
        written = torch.zeros(3, 16, dtype=torch.bool)
        written[:, units] = True
        assert torch.equal(seen.written("h", program), written)


# What is wrong, and what is said about it.
WRONG = {
    "x-dimensions": ({"x": (1, 1, 3, 4)}, r"x has shape \(1, 1, 3, 4\); give \(N, in\) or \(in\)"),
    "w_hh": ({"w_hh": (20, 4)}, r"w_hh has shape \(20, 4\); give \(4H, H\)"),
    "w_ih": ({"w_ih": (20, 3)}, r"w_ih has shape \(20, 3\); .*give \(20, 4\)"),
    "bias": ({"b_ih": (5,)}, r"b_ih has shape \(5,\); give \(20,\) or None"),
    "batch": ({"h": (2, 5)}, r"h has shape \(2, 5\); .*give \(3, 5\)"),
    "state": ({"c": (3, 6)}, r"c has shape \(3, 6\); .*give \(3, 5\)"),
    "nothing": ({"x": (3, 0)}, r"x has shape \(3, 0\); give at least one feature"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_shapes(case: str, device: str) -> None:
    changed, message = WRONG[case]
    shapes = {
        "x": (3, 4),
        "h": (3, 5),
        "c": (3, 5),
        "w_ih": (20, 4),
        "w_hh": (20, 5),
        "b_ih": (20,),
    }
    x, h, c, *weights = (torch.zeros(shape, device=device) for shape in (shapes | changed).values())
    with pytest.raises(ValueError, match=f"lstm_cell: {message}"):
        lstm_cell(x, (h, c), *weights)


def test_wrong_dtypes_and_states(device: str) -> None:
    x, state, weights = leaves("lstm", (3, 4, 5), torch.float32, device)
    with pytest.raises(ValueError, match=r"x is torch.float16 and h is torch.float32"):
        lstm_cell(x.half(), tuple(state), *weights)
    with pytest.raises(ValueError, match=r"state is a Tensor; give a pair \(h, c\)"):
        lstm_cell(x, state[0], *weights)
    with pytest.raises(ValueError, match=r"h is a tuple; give a torch.Tensor"):
        gru_cell(x, tuple(state), *weights)
    with pytest.raises(ValueError, match=r"gru_cell: w_hh has shape \(20, 5\); give \(3H, H\)"):
        gru_cell(x, state[0], *weights)


def test_gates_that_were_not_kept(device: str) -> None:
    x, state, weights = leaves("gru", (3, 4, 5), torch.float32, device)
    h, _, _ = operators.cell("gru", x, state[0], None, *weights, False)
    with pytest.raises(ValueError, match="wanted=True"):
        h.sum().backward()
