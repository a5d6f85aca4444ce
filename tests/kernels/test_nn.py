"""Our layers against PyTorch's in float64: outputs, every gradient, parameters, and that nothing else computes."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from deepkernels import nn
from deepkernels.conv2d import layout
from kernel_comparison import assert_close, normal

# Layer, its arguments, the shape of its input.
LAYERS = {
    "linear": ("Linear", (5, 3), {}, (4, 5)),
    "linear-no-bias": ("Linear", (5, 3), {"bias": False}, (2, 3, 5)),
    "linear-vector": ("Linear", (5, 3), {}, (5,)),
    "conv": ("Conv2d", (2, 4, 3), {"padding": 1, "stride": (2, 1)}, (2, 2, 5, 6)),
    "conv-grouped": ("Conv2d", (4, 6, (3, 2)), {"groups": 2, "bias": False}, (1, 4, 5, 4)),
    "conv-same": ("Conv2d", (1, 2, 3), {"padding": "same", "dilation": 2}, (1, 1, 6, 5)),
    "max-pool": ("MaxPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, (1, 2, 6, 7)),
    "avg-pool": ("AvgPool2d", (2,), {"ceil_mode": True}, (1, 2, 5, 5)),
    "avg-pool-divisor": ("AvgPool2d", (2,), {"divisor_override": 3}, (1, 2, 4, 4)),
    "relu": ("ReLU", (), {}, (3, 4)),
    "tanh": ("Tanh", (), {}, (3, 4)),
    "sigmoid": ("Sigmoid", (), {}, (3, 4)),
    "flatten": ("Flatten", (), {}, (2, 3, 4)),
    "identity": ("Identity", (), {}, (2, 3)),
}
RECURRENT = {
    "one-layer": ({}, (4, 2, 3)),
    "batch-first": ({"batch_first": True, "bias": False}, (2, 4, 3)),
    "two-layers-both-ways": ({"num_layers": 2, "bidirectional": True}, (3, 2, 3)),
    "one-sequence": ({"num_layers": 2}, (4, 3)),
}


def pair(name: str, arguments: tuple, options: dict, device: str) -> tuple:
    """Our layer and PyTorch's in float64, with the same parameters."""
    ours = getattr(nn, name)(*arguments, **options).to(device)
    theirs = getattr(torch.nn, name)(*arguments, **options).double()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def gradients(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.grad for name, parameter in module.named_parameters()}


@pytest.mark.parametrize("case", LAYERS)
def test_layers(case: str, device: str) -> None:
    name, arguments, options, shape = LAYERS[case]
    ours, theirs = pair(name, arguments, options, device)
    x = normal(*shape, device=device).requires_grad_()
    x64 = x.detach().cpu().double().requires_grad_()
    y, expected = ours(x), theirs(x64)
    dy = normal(*expected.shape, device=device)
    y.backward(dy)
    expected.backward(dy.cpu().double())
    precision = layout.precision(torch.float32)
    assert_close(y, expected.detach(), 64, "y", precision)
    assert_close(x.grad, x64.grad, 64, "dx", precision)
    wanted = gradients(theirs)
    assert gradients(ours).keys() == wanted.keys()
    for parameter, gradient in gradients(ours).items():
        assert_close(gradient, wanted[parameter], 64, parameter, precision)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("case", RECURRENT)
@pytest.mark.parametrize("given", [False, True], ids=["from-zero", "from-a-state"])
def test_recurrent_layers(given: bool, case: str, kind: str, device: str) -> None:
    options, shape = RECURRENT[case]
    ours, theirs = pair(kind, (3, 5), options, device)
    x = normal(*shape, device=device).requires_grad_()
    x64 = x.detach().cpu().double().requires_grad_()
    count = ours.num_layers * (2 if ours.bidirectional else 1)
    sizes = (count, 5) if len(shape) == 2 else (count, 2, 5)
    state = [normal(*sizes, device=device) for _ in range(2 if kind == "LSTM" else 1)]
    state64 = [tensor.cpu().double() for tensor in state]
    first = {"LSTM": tuple, "GRU": lambda states: states[0]}[kind]
    y, last = ours(x, first(state) if given else None)
    expected, last64 = theirs(x64, first(state64) if given else None)
    (y.sum() + sum(tensor.square().sum() for tensor in _flat(last))).backward()
    (expected.sum() + sum(tensor.square().sum() for tensor in _flat(last64))).backward()
    # Rounding is fed back through all steps of all layers.
    terms = 64 * 4 * count
    assert_close(y, expected.detach(), terms, "y")
    for got, wanted in zip(_flat(last), _flat(last64), strict=True):
        assert_close(got, wanted.detach(), terms, "state")
    assert_close(x.grad, x64.grad, terms, "dx")
    for name, gradient in gradients(theirs).items():
        assert_close(gradients(ours)[name], gradient, terms, name)


def _flat(state: torch.Tensor | tuple) -> tuple:
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_loss(reduction: str, device: str) -> None:
    logits, labels = normal(4, 3, device=device), torch.tensor([0, 2, 1, 1], device=device)
    loss = nn.CrossEntropyLoss(reduction=reduction)(logits, labels)
    expected = torch.nn.CrossEntropyLoss(reduction=reduction)(logits.cpu().double(), labels.cpu())
    assert_close(loss, expected, 3, "loss")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("Linear", (7, 3)), ("Conv2d", (4, 6, 3)), ("LSTM", (3, 4, 2)), ("GRU", (3, 4))],
)
def test_parameters_are_pytorchs(name: str, arguments: tuple) -> None:
    torch.manual_seed(5)
    ours = getattr(nn, name)(*arguments).state_dict()
    torch.manual_seed(5)
    theirs = getattr(torch.nn, name)(*arguments).state_dict()
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        assert torch.equal(ours[key], value)


def test_convolutions_keep_their_weight_channels_last(device: str) -> None:
    layer = nn.Conv2d(4, 6, 3)
    layer.load_state_dict(torch.nn.Conv2d(4, 6, 3).state_dict())
    assert layer.to(device).weight.is_contiguous(memory_format=torch.channels_last)


class Recorder(TorchDispatchMode):
    """Keeps the names of all operators that run."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.names.add(str(function).rpartition(".")[0])
        return function(*arguments, **(options or {}))


# What moves, views and allocates, but computes nothing; and the sum over tensors that autograd itself makes.
MOVING = {
    "view", "_unsafe_view", "_reshape_alias", "t", "transpose", "permute", "detach", "clone", "empty", "expand",
    "empty_strided", "empty_like", "new_empty", "zeros", "zeros_like", "new_zeros", "new_empty_strided", "ones_like",
    "copy_", "_to_copy", "alias", "unsqueeze", "squeeze", "select", "slice", "select_backward", "slice_backward",
    "cat", "flip", "unbind", "stack", "fill_", "zero_", "add", "split", "as_strided",
}  # fmt: skip


def test_nothing_else_computes(device: str) -> None:
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.image = nn.Sequential(
                nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 3), nn.Tanh(),
                nn.AvgPool2d(2), nn.Flatten(),
            )  # fmt: skip
            self.lstm, self.gru = nn.LSTM(2, 3), nn.GRU(3, 2, bidirectional=True)
            self.head = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2))

        def forward(self, x):
            y, _ = self.lstm(self.image(x)[None])
            return self.head(self.gru(y)[0][0])

    network, loss = Network().to(device), nn.CrossEntropyLoss()
    x, labels = normal(2, 1, 8, 8, device=device), torch.tensor([0, 1], device=device)
    with Recorder() as recorder:
        loss(network(x), labels).backward()
    own = {name for name in recorder.names if name.startswith("deepkernels.")}
    others = {name.removeprefix("aten.") for name in recorder.names - own}
    assert {
        f"deepkernels.{name}" for name in ("conv2d", "max_pool2d", "activation", "cross_entropy")
    } <= own
    assert others <= MOVING


def test_the_recorder_sees_pytorchs_computations() -> None:
    with Recorder() as recorder:
        torch.nn.Conv2d(1, 1, 3)(torch.zeros(1, 1, 4, 4)).relu()
    assert {"aten.convolution", "aten.relu"} <= recorder.names


def test_compiles_as_one_graph(device: str) -> None:
    torch.compiler.reset()
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 3)
    ).to(device)
    loss = nn.CrossEntropyLoss()
    x, labels = normal(2, 1, 6, 6, device=device), torch.tensor([0, 2], device=device)
    compiled = torch.compile(
        lambda x: loss(network(x), labels), fullgraph=True, backend="aot_eager"
    )
    compiled(x).backward()
    got = gradients(network)
    network.zero_grad()
    loss(network(x), labels).backward()
    for name, gradient in gradients(network).items():
        torch.testing.assert_close(got[name], gradient)


def test_gradients_are_clipped_by_pytorchs_utilities(device: str) -> None:
    layer = nn.Linear(3, 2).to(device)
    layer(normal(4, 3, device=device)).sum().backward()
    nn.utils.clip_grad_norm_(layer.parameters(), 0.5)
    norm = torch.linalg.vector_norm(torch.cat([g.flatten() for g in gradients(layer).values()]))
    assert norm.item() == pytest.approx(0.5, rel=1e-4)


def test_names_without_a_kernel() -> None:
    with pytest.raises(
        AttributeError, match=r"deepkernels.nn has no Dropout, for which there is no"
    ):
        _ = nn.Dropout
    assert not hasattr(nn, "functional")
    assert all(hasattr(torch.nn, name) for name in nn.__all__)


@pytest.mark.parametrize(
    ("layer", "arguments", "options", "words"),
    [
        ("Conv2d", (1, 1, 3), {"padding_mode": "reflect"}, "padding_mode='reflect' has no kernel; give 'zeros'"),
        ("MaxPool2d", (2,), {"return_indices": True}, "return_indices=True has no kernel; give False"),
        ("LSTM", (2, 2, 2), {"dropout": 0.5}, "LSTM: dropout=0.5 has no kernel; give 0.0, or use torch.nn.LSTM"),
        ("LSTM", (2, 2), {"proj_size": 1}, "proj_size=1 has no kernel; give 0"),
        ("GRU", (2, 2, 2), {"dropout": 0.5}, "GRU: dropout=0.5 has no kernel"),
    ],
)  # fmt: skip
def test_refused_options(layer: str, arguments: tuple, options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(nn, layer)(*arguments, **options)


def test_refused_sequences(device: str) -> None:
    packed = torch.nn.utils.rnn.pack_sequence([torch.zeros(2, 3)])
    with pytest.raises(ValueError, match="LSTM: x is a PackedSequence; give a tensor of shape"):
        nn.LSTM(3, 2)(packed)
    with pytest.raises(ValueError, match=r"GRU: x is of shape \(3,\); give a tensor of shape"):
        nn.GRU(3, 2)(torch.zeros(3, device=device))
