"""Whole sequences against float64 PyTorch: every rung, backwards over time, layers and directions."""

import dataclasses

import pytest
import torch

from deepkernels import gru, lstm
from deepkernels.configs import Config, load
from deepkernels.recurrent import binding, graph, ladder, launches, layers, operators, reference
from kernel_comparison import assert_close, normal, poisoned

Tensor = torch.Tensor
FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
KINDS = ("lstm", "gru")
# T, N, in, H.
SIZES = {
    "one-step": (1, 3, 7, 5),
    "odd": (4, 3, 7, 16),
    "several-tiles": (2, 17, 20, 33),
    "longer": (7, 1, 1, 5),
}
RUNGS = {name: rung for name, rung in ladder.SEQUENCES.items() if name != "resident"}
CONFIGS = {config.name: config for config in load("recurrent")}
OVER_TIME = [name for name, config in CONFIGS.items() if ".sequence:" in config.kernel]
BACKWARD = [name for name, config in CONFIGS.items() if config.kernel.endswith(":step_backward")]


def leaves(
    kind: str, sizes: tuple[int, int, int, int], dtype: torch.dtype, device: str, bias: bool = True
) -> tuple[Tensor, list[Tensor], list[Tensor | None]]:
    """An input, a state and weights of PyTorch's usual size, all of which require gradients."""
    T, N, features, H = sizes
    rows = binding.GATES[kind] * H
    x = normal(T, N, features, dtype=dtype, device=device)
    state = [normal(1, N, H, dtype=dtype, device=device) for _ in range(2 if kind == "lstm" else 1)]
    shapes = [(rows, features), (rows, H), *([(rows,), (rows,)] if bias else [])]
    weights = [(normal(*shape) / H**0.5).to(dtype).to(device) for shape in shapes]
    for tensor in (x, *state, *weights):
        tensor.requires_grad_()
    return x, state, [*weights, *([] if bias else [None, None])]


def wide(tensors: list[Tensor | None]) -> list[Tensor | None]:
    """The same numbers as leaves in float64 on the CPU."""
    return [None if t is None else t.detach().cpu().double().requires_grad_() for t in tensors]


def public(kind: str, x: Tensor, state: tuple[Tensor, ...], *weights: Tensor | None):  # type: ignore[no-untyped-def]
    """The public functions' results as one tuple."""
    y, last = lstm(x, state, *weights) if kind == "lstm" else gru(x, state[0], *weights)
    return (y, *last) if kind == "lstm" else (y, last)


def climb(rung: str):  # type: ignore[no-untyped-def]
    """A rung with states (1, N, H) and all results as one tuple."""

    def run(kind: str, x: Tensor, state: tuple[Tensor, ...], *weights: Tensor | None):  # type: ignore[no-untyped-def]
        y, last = ladder.SEQUENCES[rung](kind, x, tuple(s[0] for s in state), *weights)
        return (y, *(tensor[None] for tensor in last))

    return run


def check(kind, run, sizes, dtype, device, bias=True, used=(0, 1, 2)):  # type: ignore[no-untyped-def]
    """Compare all results and, for the used ones, every gradient with PyTorch's in float64."""
    x, state, weights = leaves(kind, sizes, dtype, device, bias)
    inputs = [x, *state, *weights]
    results = run(kind, x, tuple(state), *weights)
    exact = wide(inputs)
    expected = reference.sequence(
        kind, exact[0], exact[1 : 1 + len(state)], exact[1 + len(state) :]
    )
    precision = binding.precision(dtype)
    T, N, features, H = sizes
    for name, got, right in zip(("y", "h", "c"), results, expected, strict=False):
        assert_close(got, right.detach(), T * (features + H), name, precision)
    chosen = [i for i in used if i < len(results)]
    upstream = [normal(*results[i].shape, dtype=dtype, device=device) for i in chosen]
    leaf = [t for t in inputs if t is not None]
    found = torch.autograd.grad([results[i] for i in chosen], leaf, upstream, allow_unused=True)
    wanted = torch.autograd.grad(
        [expected[i] for i in chosen],
        [t for t in exact if t is not None],
        [u.cpu().double() for u in upstream],
    )
    names = ["x", *"hc"[: len(state)], "w_ih", "w_hh", "b_ih", "b_hh"]
    for name, got, right in zip(names, found, wanted, strict=False):
        assert_close(got, right, 4 * T * (N + H), f"gradient of {name}", precision)


@pytest.mark.parametrize(
    ("size", "dtype"), [*((size, "fp32") for size in SIZES), ("odd", "fp16"), ("longer", "bf16")]
)
@pytest.mark.parametrize("kind", KINDS)
def test_public(kind: str, size: str, dtype: str, device: str) -> None:
    check(kind, public, SIZES[size], FLOATS[dtype], device)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_rung(kind: str, rung: str, bias: bool, device: str) -> None:
    check(kind, climb(rung), SIZES["odd"], torch.float32, device, bias)


@pytest.mark.parametrize("used", [(0,), (1,), (2,)], ids=["y", "h", "c"])
def test_gradient_through_one_result_alone(used: tuple[int], device: str) -> None:
    check("lstm", public, SIZES["odd"], torch.float32, device, used=used)
    if used != (2,):
        check("gru", public, SIZES["odd"], torch.float32, device, used=used)


def covering(config: Config, N: int, H: int) -> Config:
    """A configuration that one program can run, as the interpreter wants of programs that keep what they own."""
    if not config.kernel.endswith(":resident"):
        return config
    return dataclasses.replace(config, meta={**config.meta, "BLOCK_M": 32, "BLOCK_H": 64})


@pytest.mark.parametrize("name", OVER_TIME)
@pytest.mark.parametrize("kind", KINDS)
def test_every_configuration_writes_every_state(kind: str, name: str, device: str) -> None:
    T, N, _, H = SIZES["several-tiles"]
    dtype = torch.float32 if "float32" in name else torch.float16
    rows = binding.GATES[kind] * H
    x, state, weights = leaves(kind, (T, N, 20, H), dtype, device)
    x, *state = (t.detach() for t in (x, *state))
    w_ih, w_hh, b_ih, b_hh = (w.detach() for w in weights)
    gx = operators.input_products(x, w_ih, b_ih)
    assert gx.shape == (T, N, rows)
    y, gates = poisoned((T, N, H), dtype, device), poisoned((T, N, 4 * H), dtype, device)
    cells = None
    if kind == "lstm":
        cells = poisoned((T + 1, N, H), torch.float32, device)
        cells[0] = state[1][0]
    config = covering(binding.named(name), N, H)
    launches.over_time(kind, gx, state[0][0], cells, w_hh, b_hh, y, gates, config)
    expected = reference.sequence(kind, x, state, weights)
    precision = binding.precision(dtype)
    assert_close(y, expected[0].detach(), T * (20 + H), "y", precision)
    assert torch.isfinite(gates).all()
    if kind == "lstm":
        assert_close(cells[-1:], expected[2].detach(), T * (20 + H), "c", precision, dtype)
        assert torch.isfinite(cells).all()


@pytest.mark.parametrize("kind", KINDS)
def test_one_launch_does_what_a_launch_a_step_does(kind: str, device: str) -> None:
    x, state, weights = leaves(kind, (2, 17, 3, 12), torch.float16, device)
    for wanted in (True, False):
        with torch.set_grad_enabled(wanted):
            steps = climb("sequence")(kind, x, tuple(state), *weights)
            once = climb("persistent")(kind, x, tuple(state), *weights)
        assert all(torch.equal(a, b) for a, b in zip(steps, once, strict=True))


@pytest.mark.parametrize("name", BACKWARD)
@pytest.mark.parametrize("kind", KINDS)
def test_every_configuration_goes_back(kind: str, name: str, device: str) -> None:
    T, N, H = 2, 17, 33
    dtype = torch.float32 if "float32" in name else torch.float16
    rows, is_lstm = binding.GATES[kind] * H, kind == "lstm"
    gx = normal(T, N, rows, dtype=dtype, device=device)
    w_hh = (normal(rows, H) / H**0.5).to(dtype).to(device)
    state = [normal(N, H, dtype=dtype, device=device) for _ in range(1 + is_lstm)]
    y, _, _, cells, gates = operators.over_time(
        kind, gx, state[0], state[1] if is_lstm else None, w_hh, None, True
    )
    states = torch.cat((state[0][None], y[:-1]))
    before, after = (cells[:-1], cells[1:]) if is_lstm else (states, None)
    dy = normal(T, N, H, dtype=dtype, device=device)
    carry = torch.zeros(N, H, device=device)
    dgx, dgh = (poisoned((T, N, rows), dtype, device) for _ in range(2))
    dh = poisoned((N, H), dtype, device)
    launches.back_over_time(
        kind, dy, None, w_hh, gates, before, after, carry, dgx, None if is_lstm else dgh, dh,
        binding.named(name),
    )  # fmt: skip
    # Identity for W_ih, so that PyTorch's gradient of x is that of the products.
    eye = torch.eye(rows)
    exact = wide([gx, *(s[None] for s in state), w_hh])
    expected = reference.sequence(kind, exact[0], exact[1:-1], [eye, exact[-1]])
    wanted = torch.autograd.grad(expected[0], exact[:-1], dy.cpu().double())
    precision = binding.precision(dtype)
    for name_of, got, right in zip(
        ("gx", "h", "c"), (dgx, dh[None], carry[None]), wanted, strict=False
    ):
        assert_close(got, right, 4 * T * H, f"gradient of {name_of}", precision, dtype)
    if not is_lstm:
        assert torch.equal(dgh[..., : 2 * H], dgx[..., : 2 * H])
        assert torch.isfinite(dgh).all()


@pytest.mark.parametrize("trained", [False, True], ids=["inference", "training"])
def test_long_sequences_keep_c_in_float32(trained: bool, device: str) -> None:
    """f = 1 and i g = 2⁻¹⁰: c grows by less than bfloat16 can add to 1, and still reaches 1.0625 after 64 steps."""
    T, b = 64, torch.tensor([0.0, 100.0, 0.0, 0.0])
    g = torch.atanh(torch.tensor(2.0**-9, dtype=torch.float64)).item()
    x = torch.ones(T, 1, 1, dtype=torch.bfloat16, device=device)
    w_ih = torch.tensor([[0.0], [0.0], [g], [0.0]], device=device).bfloat16()
    w_hh = torch.zeros(4, 1, dtype=torch.bfloat16, device=device)
    c = torch.ones(1, 1, 1, dtype=torch.bfloat16, device=device)
    w_hh.requires_grad_(trained)
    _, (_, last) = lstm(x, (torch.zeros_like(c), c), w_ih, w_hh, b.bfloat16().to(device))
    assert last.item() == 1.0625


@pytest.mark.parametrize("kind", KINDS)
def test_gradcheck(kind: str) -> None:
    if torch.cuda.is_available():
        pytest.skip("kernels take float64 in the interpreter only")
    x, state, weights = leaves(kind, (3, 2, 2, 3), torch.float64, "cpu")

    def run(x: Tensor, *rest: Tensor):  # type: ignore[no-untyped-def]
        return public(kind, x, rest[: len(state)], *rest[len(state) :])

    assert torch.autograd.gradcheck(run, (x, *state, *weights), fast_mode=True)


@pytest.mark.parametrize("kind", KINDS)
def test_operators_are_registered_as_pytorch_wants_it(kind: str, device: str) -> None:
    T, N, H, rows = 2, 3, 5, binding.GATES[kind] * 5
    gx = normal(T, N, rows, device=device).requires_grad_()
    w_hh = normal(rows, H, device=device).requires_grad_()
    b_hh = normal(rows, device=device).requires_grad_()
    h, c = (normal(N, H, device=device).requires_grad_() for _ in range(2))
    c = c if kind == "lstm" else None
    torch.library.opcheck(operators.over_time, (kind, gx, h, c, w_hh, b_hh, True))
    with torch.no_grad():
        y, _, _, cells, gates = operators.over_time(kind, gx, h, c, w_hh, b_hh, True)
    before, after = (cells[:-1], cells[1:]) if kind == "lstm" else (y.detach().clone(), None)
    dc = h.detach() if kind == "lstm" else None
    arguments = (kind, y.detach(), h.detach(), dc, w_hh.detach(), gates, before, after)
    torch.library.opcheck(operators.back_over_time, arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_compile(kind: str, device: str) -> None:
    x, state, weights = leaves(kind, (2, 3, 4, 5), torch.float32, device)
    inputs = [x, *state, *weights]
    compiled = torch.compile(public, fullgraph=True, backend="aot_eager")
    found, eager = (
        compiled(kind, x, tuple(state), *weights),
        public(kind, x, tuple(state), *weights),
    )
    upstream = [torch.ones_like(result) for result in eager]
    for a, b in zip(
        [*found, *torch.autograd.grad(found, inputs, upstream)],
        [*eager, *torch.autograd.grad(eager, inputs, upstream)],
        strict=True,
    ):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_empty_batch(kind: str, device: str) -> None:
    x, state, weights = leaves(kind, (2, 0, 4, 5), torch.float32, device)
    y, *last = public(kind, x, tuple(state), *weights)
    assert y.shape == (2, 0, 5)
    assert all(tensor.shape == (1, 0, 5) for tensor in last)
    for gradient in torch.autograd.grad(y.sum(), [x, *state[:1], *weights], allow_unused=True):
        assert gradient.numel() == 0 or not gradient.any()


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_batch_and_without_a_state(kind: str, device: str) -> None:
    x, state, weights = leaves(kind, (3, 1, 4, 5), torch.float32, device)
    run = lstm if kind == "lstm" else gru
    expected = public(kind, x, tuple(state), *weights)
    alone = tuple(tensor[:, 0] for tensor in state)
    y, last = run(x[:, 0], alone if kind == "lstm" else alone[0], *weights)
    assert torch.equal(y, expected[0][:, 0])
    assert torch.equal(last[0] if kind == "lstm" else last, expected[1][:, 0])
    zeros = tuple(torch.zeros_like(tensor) for tensor in state)
    y, _ = run(x, None, *weights)
    assert torch.equal(y, public(kind, x, zeros, *weights)[0])


@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both-ways"])
@pytest.mark.parametrize("kind", KINDS)
def test_stacked_layers_are_pytorchs(kind: str, bidirectional: bool, device: str) -> None:
    T, N, features, H, deep = 4, 3, 7, 5, 2
    module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](
        features, H, deep, bidirectional=bidirectional
    ).double()
    sets = len(module._flat_weights) // 4
    given = [p.detach().float().double() for p in module.parameters()]
    module.load_state_dict(dict(zip(dict(module.named_parameters()), given, strict=True)))
    ours = [p.float().to(device).requires_grad_() for p in given]
    x = normal(T, N, features, device=device).requires_grad_()
    state = [normal(sets, N, H, device=device) for _ in range(2 if kind == "lstm" else 1)]
    y, last = layers.stacked(
        kind, x, tuple(state) if kind == "lstm" else state[0],
        [ours[i : i + 4] for i in range(0, len(ours), 4)], bidirectional,
    )  # fmt: skip
    exact_x, *exact = wide([x, *state])
    expected, exact_last = module(exact_x, tuple(exact) if kind == "lstm" else exact[0])
    terms, precision = 100, binding.precision(torch.float32)
    assert_close(y, expected.detach(), terms, "y", precision)
    for got, right in zip(
        last if kind == "lstm" else [last],
        exact_last if kind == "lstm" else [exact_last],
        strict=True,
    ):
        assert_close(got, right.detach(), terms, "last state", precision)
    y.sum().backward()
    expected.sum().backward()
    assert_close(x.grad, exact_x.grad, terms, "gradient of x", precision)
    for got, right in zip(ours, module.parameters(), strict=True):
        assert_close(got.grad, right.grad, terms, "gradient of a parameter", precision)


def test_stacked_layers_refuse(device: str) -> None:
    x, weights = torch.zeros(2, 1, 2, device=device), [(torch.zeros(3, 2), torch.zeros(3, 1))]
    with pytest.raises(ValueError, match="kind='rnn'; give 'lstm' or 'gru'"):
        layers.stacked("rnn", x, None, weights)
    with pytest.raises(ValueError, match="1 sets of parameters for 2 directions"):
        layers.stacked("gru", x, None, weights, bidirectional=True)
    with pytest.raises(ValueError, match=r"a state has shape \(2, 1, 1\) for 1 sets"):
        layers.stacked("gru", x, torch.zeros(2, 1, 1, device=device), weights)


# What is wrong, and what is said about it.
WRONG = {
    "no-steps": ({"x": (0, 3, 4)}, r"x has shape \(0, 3, 4\); give at least one step"),
    "x-dimensions": ({"x": (4,)}, r"x has shape \(4,\); give \(T, N, in\) or \(T, in\)"),
    "no-layer": ({"h": (3, 5)}, r"h has shape \(3, 5\); .*give \(1, 3, 5\)"),
    "w_ih": ({"w_ih": (15, 3)}, r"w_ih has shape \(15, 3\); .*give \(15, 4\)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_shapes(case: str, device: str) -> None:
    changed, message = WRONG[case]
    shapes = {"x": (2, 3, 4), "h": (1, 3, 5), "w_ih": (15, 4), "w_hh": (15, 5)}
    arguments = [torch.zeros(shape, device=device) for shape in (shapes | changed).values()]
    with pytest.raises(ValueError, match=f"gru: {message}"):
        gru(*arguments)


def test_resident_weights_need_all_tiles_at_once(device: str) -> None:
    if device == "cuda":
        pytest.skip(
            "one small tile after the other fits onto a GPU; the interpreter has room for one"
        )
    x, state, weights = leaves("gru", (2, 17, 4, 9), torch.float16, device)
    with pytest.raises(ValueError, match=r"no configuration of sequence:resident takes N=17, H=9"):
        climb("resident")("gru", x, tuple(state), *weights)
    y = torch.empty(2, 17, 9, dtype=torch.float16)
    gx = torch.empty(2, 17, 27, dtype=torch.float16)
    with pytest.raises(ValueError, match=r"4 tiles of 16 × 8 for N=17, H=9, but 1 programs"):
        launches.over_time(
            "gru", gx, y[0], None, weights[1], None, y, None, binding.named("resident-16x8")
        )  # fmt: skip


def test_resident_weights_in_one_tile(device: str) -> None:
    check("gru", climb("resident"), (3, 5, 4, 7), torch.float16, device)
    check("lstm", climb("resident"), (3, 5, 4, 7), torch.float16, device)


def test_captured_graph(device: str) -> None:
    x, state, weights = leaves("gru", (4, 3, 4, 5), torch.float32, device)
    if device == "cpu":
        with pytest.raises(ValueError, match="a CUDA graph needs a GPU"):
            graph.Captured(lambda x: gru(x, state[0], *weights), x)
        return
    captured = graph.Captured(lambda x: gru(x, state[0], *weights), x)
    for _ in range(2):
        other = torch.randn_like(x)
        expected = gru(other, state[0], *weights)[0]
        assert torch.equal(captured(other)[0], expected)
    with pytest.raises(ValueError, match="capture again for other shapes"):
        captured(x[:2])


def test_unknown_configurations() -> None:
    with pytest.raises(
        ValueError, match="there is no configuration 'step-1'; give one of pointwise"
    ):
        binding.named("step-1")
    with pytest.raises(
        ValueError, match="no configuration of sequence:resident takes N=64, H=2048"
    ):
        binding.choose("sequence:resident", 64, 2048, torch.bfloat16, asked=True)


# The tiles with which 132 processors are busy, for the sizes that are measured.
CHOSEN = {
    "cell:fused": {(256, 1024): "fused-64x32", (64, 1024): "fused-64x8", (64, 256): "fused-16x8"},
    "sequence": {(64, 1024): "step-64x8", (64, 512): "step-32x8", (1, 1024): "step-16x8"},
    "sequence:persistent": {(64, 1024): "persistent-64x8", (64, 512): "persistent-32x8"},
    "sequence:resident": {(64, 1024): "resident-64x8", (64, 512): "resident-32x8"},
    "backward:step_backward": {(64, 1024): "backward-32x16", (256, 1024): "backward-64x32"},
}


@pytest.mark.parametrize("part", CHOSEN)
def test_chosen_tiles(part: str) -> None:
    for (N, H), name in CHOSEN[part].items():
        asked = part.count(":") == 1
        assert binding.choose(part, N, H, torch.bfloat16, asked=asked).name == name


def test_chosen_tiles_of_other_rows_and_dtypes() -> None:
    choose = binding.choose
    assert choose("sequence", 64, 1023, torch.float16, aligned=False).name == "step-32x8"
    assert choose("sequence", 1024, 1024, torch.float32).name == "step-64x16-float32"
    assert choose("sequence", 64, 512, torch.float64).name == "step-16x8-float32"
    assert choose("sequence", 64, 1024, torch.bfloat16, "sm_80").meta["BLOCK_K"] == 64
