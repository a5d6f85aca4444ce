"""RNN, LSTM and GRU against PyTorch: values and every gradient, over generated configurations, padded and packed."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence as torch_pack
from torch.nn.utils.rnn import pad_packed_sequence as torch_pad

from comparison import assert_close
from deeplearning.autograd import Tensor, manual_seed, no_grad, ones
from deeplearning.nn import recurrent
from deeplearning.nn.packing import PackedSequence, pack_padded_sequence, pad_packed_sequence

KINDS = ["RNN", "LSTM", "GRU"]
LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=3)
CONFIGURATIONS = st.fixed_dictionaries(
    {
        "input_size": st.integers(1, 3),
        "hidden_size": st.integers(1, 3),
        "num_layers": st.integers(1, 2),
        "bias": st.booleans(),
        "batch_first": st.booleans(),
        "bidirectional": st.booleans(),
    }
)


def normal(shape: tuple[int, ...], seed: int = 0, dtype: Any = np.float64) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def twins(kind: str, dtype: Any, **configuration: Any) -> tuple[Any, Any]:
    """The same layer here and in PyTorch, with the same weights."""
    ours = getattr(recurrent, kind)(**configuration)
    theirs = getattr(torch.nn, kind)(**configuration)
    ours.load_state_dict(theirs.state_dict())
    return (ours.double(), theirs.double()) if dtype == np.float64 else (ours, theirs)


def flat(result: Any) -> list[Any]:
    """Every tensor of ``(output, h_n)`` or ``(output, (h_n, c_n))``, of either library."""
    output, states = result
    data = output.data if hasattr(output, "batch_sizes") else output
    return [data, *(states if isinstance(states, tuple) else (states,))]


def compare(ours: Any, theirs: Any, results: Any, expected: Any, inputs: Any, length: int) -> None:
    """Send random gradients back through all results at once, and compare these, and the gradients."""
    a, b = 0.0, 0.0
    for seed, (y, z) in enumerate(zip(flat(results), flat(expected), strict=True)):
        assert_close(y.data, z.detach().numpy(), length=length, name=f"result {seed}")
        dy = normal(y.shape, seed + 5, y.dtype)
        a, b = a + (y * Tensor(dy)).sum(), b + (z * torch.tensor(dy)).sum()
    a.backward()
    b.backward()
    for number, (x, z) in enumerate(inputs):
        assert_close(x.grad.data, z.grad.numpy(), length=length, name=f"gradient of input {number}")
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad.data, q.grad.numpy(), length=length, name=f"gradient of {name}")


def pairs(arrays: list[np.ndarray]) -> list[tuple[Any, Any]]:
    return [(Tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)) for a in arrays]


def states(kind: str, some: list[Any]) -> Any:
    return tuple(some) if kind == "LSTM" else some[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    configuration=CONFIGURATIONS, lengths=LENGTHS, form=st.sampled_from(["padded", "packed", "one"]),
    initial=st.booleans(), relu=st.booleans(),
)  # fmt: skip
@settings(max_examples=9, deadline=None)
def test_equals_pytorch(
    kind: str, dtype: Any, configuration: Any, lengths: Any, form: str, initial: bool, relu: bool
) -> None:
    if kind == "RNN":
        configuration = configuration | {"nonlinearity": "relu" if relu else "tanh"}
    ours, theirs = twins(kind, dtype, **configuration)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    first, batch, steps = configuration["batch_first"], len(lengths), max(lengths)
    directions = configuration["num_layers"] * (1 + configuration["bidirectional"])
    shape: tuple[int, ...] = (batch, steps) if first else (steps, batch)
    shape, state = (*shape, ours.input_size), (directions, batch, ours.hidden_size)
    if form == "one":
        shape, state = (steps, ours.input_size), state[::2]
    arrays = [normal(shape, 1, dtype)]
    if initial:
        arrays += [normal(state, seed, dtype) for seed in range(2 if kind == "LSTM" else 1)]
    inputs = pairs(arrays)
    x, z = inputs[0]
    if form == "packed":
        x = pack_padded_sequence(x, lengths, first, enforce_sorted=False)
        z = torch_pack(z, torch.tensor(lengths), first, enforce_sorted=False)
    rest = ([states(kind, [pair[k] for pair in inputs[1:]])] if initial else [] for k in range(2))
    y, expected = ours(x, *next(rest)), theirs(z, *next(rest))
    if (
        form == "packed"
    ):  # sequences of equal length may have changed places, so that rows are not compared
        padded, counts = pad_packed_sequence(y[0], first, padding_value=0.5)
        wanted, wanted_counts = torch_pad(expected[0], first, padding_value=0.5)
        assert counts.tolist() == wanted_counts.tolist() == lengths
        y, expected = (padded, y[1]), (wanted, expected[1])
    length = 256 * steps * batch * (ours.input_size + ours.hidden_size)
    compare(ours, theirs, y, expected, inputs, length)


@given(lengths=LENGTHS, first=st.booleans(), longer=st.sampled_from([None, 4, 6]))
@settings(max_examples=6, deadline=None)
def test_packing_equals_pytorch(lengths: Any, first: bool, longer: Any) -> None:
    lengths = sorted(lengths, reverse=True)
    x = normal((len(lengths), 5, 2) if first else (5, len(lengths), 2))
    packed = pack_padded_sequence(Tensor(x), np.array(lengths), first)
    expected = torch_pack(torch.tensor(x), torch.tensor(lengths), first)
    np.testing.assert_array_equal(packed.data.data, expected.data.numpy())
    assert packed.batch_sizes.tolist() == expected.batch_sizes.tolist()
    assert packed.sorted_indices is packed.unsorted_indices is None
    padded, counts = pad_packed_sequence(packed, first, total_length=longer)
    wanted, _ = torch_pad(expected, first, total_length=longer)
    np.testing.assert_array_equal(padded.data, wanted.numpy())
    assert counts.tolist() == lengths


def test_sorting_is_pytorchs() -> None:
    x, lengths = normal((4, 3, 1)), [2, 4, 1]
    packed = pack_padded_sequence(Tensor(x), lengths, enforce_sorted=False)
    expected = torch_pack(torch.tensor(x), torch.tensor(lengths), enforce_sorted=False)
    for ours, theirs in zip(packed, expected, strict=True):
        np.testing.assert_array_equal(ours.data, theirs.numpy())


def test_padding_does_not_reach_the_results() -> None:
    layer = recurrent.GRU(2, 3, bidirectional=True).double()
    x = normal((4, 2, 2))
    x[2:, 1] = np.nan
    output, h_n = layer(pack_padded_sequence(Tensor(x), [4, 2]))
    alone, h_alone = layer(Tensor(x[:2, 1:]))
    padded, _ = pad_packed_sequence(output)
    assert_close(padded.data[:2, 1:], alone.data, length=8)
    assert_close(h_n.data[:, 1:], h_alone.data, length=8)


def test_dropout_acts_between_layers_while_training() -> None:
    layer = recurrent.LSTM(2, 4, num_layers=2, dropout=0.5)
    x = ones(3, 2, 2)
    runs = []
    for seed in (0, 0, 1):
        manual_seed(seed)
        runs.append(layer(x))
    assert runs[0][0].tolist() == runs[1][0].tolist() != runs[2][0].tolist()
    # The first layer's own states are not touched.
    assert runs[0][1][0][0].tolist() == runs[2][1][0][0].tolist()
    layer.eval()
    with no_grad():
        assert layer(x)[0].tolist() == layer(x)[0].tolist()
    for kind in ("RNN", "LSTM", "GRU"):
        with pytest.warns(UserWarning, match="drops nothing") as caught:
            getattr(recurrent, kind)(2, 3, dropout=0.5)
        assert caught[0].filename == __file__  # it points at the caller


def test_used_twice_in_one_graph() -> None:
    """A state handed on from one stretch to the next is one long sequence."""
    ours, theirs = twins("LSTM", np.float64, input_size=2, hidden_size=3)
    ((x, z),) = pairs([normal((6, 2, 2))])
    first, middle = ours(x[:4])
    second, last = ours(x[4:], middle)
    expected = theirs(z)
    assert_close(first.data, expected[0][:4].detach().numpy(), length=64)
    loss = first.sum() + second.sum() + last[0].sum() + last[1].sum()
    loss.backward()
    (expected[0].sum() + expected[1][0].sum() + expected[1][1].sum()).backward()
    assert_close(x.grad.data, z.grad.numpy(), length=256)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad.data, q.grad.numpy(), length=256)


def test_only_the_last_cell_is_used() -> None:
    ours, theirs = twins("LSTM", np.float64, input_size=2, hidden_size=3)
    x = normal((3, 2, 2))
    ours(Tensor(x))[1][1].sum().backward()
    theirs(torch.tensor(x))[1][1].sum().backward()
    assert_close(ours.weight_hh_l0.grad.data, theirs.weight_hh_l0.grad.numpy(), length=256)


def test_start_and_names() -> None:
    layer = recurrent.GRU(3, 4, num_layers=2, bidirectional=True, batch_first=True)
    assert all(np.abs(p.data).max() <= 0.5 for p in layer.parameters())
    assert np.abs(layer.weight_ih_l1.data).max() > 0.25
    assert [len(weights) for weights in layer.all_weights] == [4] * 4
    assert layer.all_weights[1][0] is layer.weight_ih_l0_reverse
    assert repr(layer) == repr(
        torch.nn.GRU(3, 4, num_layers=2, bidirectional=True, batch_first=True)
    )


X = ones(4, 2, 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: recurrent.LSTM(0, 3), "LSTM: input_size=0; give a positive integer"),
        (lambda: recurrent.GRU(3, 2.0), "GRU: hidden_size=2.0"),
        (lambda: recurrent.RNN(3, 2, 0), "RNN: num_layers=0"),
        (lambda: recurrent.RNN(3, 2, nonlinearity="selu"), "nonlinearity='selu'; give 'tanh' or 'relu'"),
        (lambda: recurrent.GRU(3, 2, 2, dropout=1.0), "GRU: dropout=1.0; give a probability"),
        (lambda: recurrent.GRU(4, 2)(X), r"GRU: an input of shape \(4, 2, 3\) and float32; give \(T, N, 4\), or one"),
        (lambda: recurrent.GRU(4, 2, batch_first=True)(X), r"give \(N, T, 4\)"),
        (lambda: recurrent.GRU(3, 2).double()(X), "float32; give .* of float64"),
        (lambda: recurrent.GRU(3, 2)(X[0, 0]), r"shape \(3,\)"),
        (lambda: recurrent.GRU(3, 2)(X[:0]), "give at least one step"),
        (lambda: recurrent.GRU(4, 2)(PackedSequence(X[0], Tensor([2]))), r"give packed rows \(R, 4\) of"),
        (lambda: recurrent.GRU(3, 2)(X, X), r"a first state of \(4, 2, 3\) float32; give \(1, 2, 2\)"),
        (lambda: recurrent.LSTM(3, 2)(X, X), r"LSTM: the first states are a Tensor; give \(h_0, c_0\)"),
        (lambda: recurrent.LSTM(3, 2)(X[:, 0], (ones(1, 2), ones(2, 2))), r"\(2, 2\) float32; give \(1, 2\)"),
        (lambda: pack_padded_sequence(X, [1, 2]), r"lengths \[1, 2\] do not fall; .* enforce_sorted=False"),
        (lambda: pack_padded_sequence(X, [4, 0]), "lengths from 0 to 4; give integers from 1 to 4"),
        (lambda: pack_padded_sequence(X, [5, 2]), "lengths from 2 to 5"),
        (lambda: pack_padded_sequence(X, [1]), r"lengths of shape \(1,\) and int64 for a batch of 2"),
        (lambda: pack_padded_sequence(X, [1.0, 1.0]), "float64"),
        (lambda: pack_padded_sequence(X[0, 0], [1]), r"shape \(3,\); give \(T, N, ...\)"),
        (lambda: pad_packed_sequence(pack_padded_sequence(X, [4, 2]), total_length=3), "total_length=3; .* from 4"),
    ],
)  # fmt: skip
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_padding_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="got a Tensor; give the PackedSequence"):
        pad_packed_sequence(X)  # type: ignore[arg-type]
