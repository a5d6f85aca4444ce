"""Modules: names, modes, saving and loading, and what is refused."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from deeplearning import nn
from deeplearning.autograd import Tensor, manual_seed


class TwoBranches(nn.Module):
    def __init__(self) -> None:
        self.left = nn.Linear(3, 2)
        self.right = nn.Sequential(nn.Linear(3, 2, bias=False), nn.Tanh())
        self.scale = nn.Parameter([2.0])

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * (self.left(x) + self.right(x))


def test_names_are_pytorchs() -> None:
    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Sequential(torch.nn.Linear(4, 2))
    )
    ours = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2)))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in TwoBranches().named_parameters()] == [
        "scale",
        "left.weight",
        "left.bias",
        "right.0.weight",
    ]
    assert len(list(TwoBranches().modules())) == 5


def test_what_is_shared_counts_once() -> None:
    def shared(n: Any) -> Any:
        layer, relu = n.Linear(3, 3), n.ReLU()
        return n.Sequential(layer, relu, n.Sequential(layer, relu))

    ours, theirs = shared(nn), shared(torch.nn)
    assert [name for name, _ in ours.named_parameters()] == [
        name for name, _ in theirs.named_parameters()
    ]
    assert [type(m).__name__ for m in ours.modules()] == [
        type(m).__name__ for m in theirs.modules()
    ]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    np.testing.assert_array_equal(ours[0].weight.data, theirs[0].weight.detach().numpy())


def test_parameters_that_would_not_be_learned_are_refused() -> None:
    net = nn.Linear(2, 2)
    with pytest.raises(TypeError, match=r"weight is a Parameter.*nn\.Parameter"):
        net.weight = Tensor(np.ones((2, 2)))
    net.weight = nn.Parameter(np.zeros((2, 2)))
    net.bias = None
    assert [name for name, _ in net.named_parameters()] == ["weight"]
    for container in ([nn.ReLU()], (1, nn.Parameter([1.0])), {"a": nn.Tanh()}):
        with pytest.raises(TypeError, match=r"not learned.*nn\.Sequential"):
            net.layers = container
    net.sizes = [2, 2]
    with pytest.raises(ValueError, match=r"'a\.b'.*no dot"):
        setattr(net, "a.b", nn.ReLU())


def test_any_name_can_be_saved(tmp_path: Path) -> None:
    net, again = nn.Module(), nn.Module()
    for name in ("file", "args", "allow_pickle", "kwds"):
        setattr(net, name, nn.Parameter([1.0, 2.0]))
        setattr(again, name, nn.Parameter([0.0, 0.0]))
    net.save(tmp_path / "net.npz")
    again.load(tmp_path / "net.npz")
    assert again.allow_pickle.tolist() == [1.0, 2.0]
    assert sorted(np.load(tmp_path / "net.npz").files) == ["allow_pickle", "args", "file", "kwds"]


def test_part_of_a_sequence_is_a_sequence() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    assert net[:2](Tensor(np.ones((4, 2), np.float32))).shape == (4, 3)
    assert net[-1] is net[2]


def test_a_network_is_copied_whole() -> None:
    net = nn.Sequential(nn.Linear(2, 2))
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(other[0].weight.data, net[0].weight.data)
        assert other[0].weight is not net[0].weight


def test_double() -> None:
    net = nn.Linear(2, 2)
    net(Tensor(np.ones((1, 2), np.float32))).sum().backward()
    assert all((p.dtype, p.grad) == (np.float64, None) for p in net.double().parameters())


def test_a_state_moves_to_pytorch_and_back() -> None:
    theirs, ours = torch.nn.Linear(5, 3), nn.Linear(5, 3)
    ours.load_state_dict(dict(theirs.named_parameters()))  # which require gradients
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32)
    np.testing.assert_allclose(
        ours(Tensor(x)).data, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-6, atol=1e-6
    )


def test_save_and_load(tmp_path: Path) -> None:
    first, second = TwoBranches(), TwoBranches()
    first.save(tmp_path / "net.npz")
    second.load(tmp_path / "net.npz")
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_a_state_is_a_copy() -> None:
    net = nn.Linear(2, 2)
    state = net.state_dict()
    state["bias"][:] = 7
    assert not (net.bias.data == 7).any()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda s: s.pop("bias"), KeyError, "missing \\['bias'\\]"),
        (lambda s: s.update(other=np.ones(1)), KeyError, "unknown \\['other'\\]"),
        (
            lambda s: s.update(bias=np.ones(3, np.float32)),
            ValueError,
            r"bias has shape \(3,\).*needs \(2,\)",
        ),
        (lambda s: s.update(bias=np.array([np.nan, 0], np.float32)), ValueError, "bias holds NaN"),
        (lambda s: s.update(bias=np.array([1e300, 0])), ValueError, "bias holds NaN or infinity"),
        (lambda s: s.update(bias=np.array(["a", "b"])), ValueError, "bias holds <U1, not numbers"),
    ],
)
def test_a_wrong_state_is_refused_and_nothing_changes(change, error, words) -> None:
    net = nn.Linear(2, 2)
    before = net.state_dict()
    state = nn.Linear(2, 2).state_dict()
    change(state)
    with pytest.raises(error, match=words):
        net.load_state_dict(state)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04truncated"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.npz: not a readable"):
        nn.Linear(2, 2).load(path)


def test_a_truncated_or_foreign_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    nn.Linear(20, 20).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"net\.npz: not a readable"):
        nn.Linear(20, 20).load(path)
    np.save(tmp_path / "array.npy", np.ones(3))
    with pytest.raises(ValueError, match=r"array\.npy: not a readable"):
        nn.Linear(2, 2).load(tmp_path / "array.npy")
    with pytest.raises(FileNotFoundError, match="no such file"):
        nn.Linear(2, 2).load(tmp_path / "nowhere.npz")


def test_a_failed_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, path = nn.Linear(2, 2), tmp_path / "net.npz"
    net.save(path)
    before = path.read_bytes()

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(np.lib.format, "write_array", broken)
    with pytest.raises(OSError, match="disk full"):
        net.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_modes_reach_every_module() -> None:
    net = nn.Sequential(nn.Sequential(nn.Dropout(0.5)))
    x = Tensor(np.ones((10, 10), np.float32))
    assert (net(x).data == 0).any()
    assert (net.eval()(x).data == 1).all()
    assert net.train().training


def test_zero_grad() -> None:
    net = nn.Linear(2, 1)
    net(Tensor(np.ones((1, 2), np.float32))).sum().backward()
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_repr_and_sequence() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.1), nn.ReLU())
    assert "Linear(in_features=2, out_features=3, bias=True)" in repr(net)
    assert "Dropout(p=0.1)" in repr(net)
    assert isinstance(net[1], nn.Dropout)
    assert len(net) == 3


def test_refused_constructions() -> None:
    with pytest.raises(ValueError, match="in_features=0"):
        nn.Linear(0, 3)
    with pytest.raises(ValueError, match=r"out_features=2\.5"):
        nn.Linear(3, 2.5)
    with pytest.raises(ValueError, match=r"p=1\.0"):
        nn.Dropout(1.0)
    with pytest.raises(TypeError, match="argument 1 is a str"):
        nn.Sequential(nn.ReLU(), "relu")
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()(1)


def test_the_seed_decides_the_start() -> None:
    manual_seed(4)
    first = nn.Linear(3, 3).state_dict()
    manual_seed(4)
    second = nn.Linear(3, 3).state_dict()
    np.testing.assert_array_equal(first["weight"], second["weight"])
