"""The neuron of 1943 against plain logic, PyTorch and exhaustive truth tables."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning import data
from deeplearning.models import (
    GATES,
    McCullochPitts,
    compose,
    from_truth_table,
    inputs,
    loop,
    neuron_of_1943,
)

weights_and_inputs = st.integers(1, 6).flatmap(
    lambda d: st.tuples(
        st.lists(st.integers(-5, 5), min_size=d, max_size=d),
        st.integers(-10, 10),
        st.lists(st.lists(st.integers(0, 1), min_size=d, max_size=d), min_size=1, max_size=8),
    )
)


@pytest.mark.parametrize("name", ["AND", "OR", "NOT", "NAND", "NOR"])
def test_gates_agree_with_python_logic(name: str) -> None:
    x, y = data.gate(name)
    np.testing.assert_array_equal(GATES[name](x), y)


@given(weights_and_inputs)
def test_neuron_is_a_counted_sum(case: tuple[list[int], int, list[list[int]]]) -> None:
    weights, threshold, rows = case
    expected = [
        int(sum(w for w, bit in zip(weights, row, strict=True) if bit) >= threshold) for row in rows
    ]
    result = McCullochPitts(tuple(weights), threshold)(rows)
    assert result.tolist() == expected
    assert result.dtype == np.int64


def test_neuron_keeps_leading_axes() -> None:
    x = np.random.default_rng(0).integers(0, 2, (3, 4, 2))
    assert GATES["AND"](x).shape == (3, 4)
    np.testing.assert_array_equal(GATES["AND"](x), x.min(axis=-1))


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=5), st.integers(1, 8))
def test_neuron_of_1943_vetoes(endings: list[int], threshold: int) -> None:
    neuron = neuron_of_1943(endings, threshold)
    for row in product((0, 1), repeat=len(endings)):
        vetoed = any(bit and count == -1 for bit, count in zip(row, endings, strict=True))
        excitation = sum(
            count for bit, count in zip(row, endings, strict=True) if bit and count > 0
        )
        assert neuron(row) == (excitation >= threshold and not vetoed)


def test_compose_makes_xor() -> None:
    xor = compose([GATES["OR"], GATES["NAND"]], [GATES["AND"]])
    x, y = data.gate("XOR")
    np.testing.assert_array_equal(xor(x), y[:, None])
    assert xor.size == 3


def test_matrices_are_a_linear_layer_of_pytorch() -> None:
    network = from_truth_table(np.random.default_rng(3).integers(0, 2, 32))
    h = torch.tensor(inputs(5), dtype=torch.float32)
    for weight, bias in network.matrices():
        assert weight.dtype == bias.dtype == np.float32
        h = (torch.nn.functional.linear(h, torch.tensor(weight), torch.tensor(bias)) >= 0).float()
    np.testing.assert_array_equal(h.numpy(), network(inputs(5)))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_truth_table_is_built(n: int) -> None:
    for table in product((0, 1), repeat=2**n):
        network = from_truth_table(table)
        assert network(inputs(n))[:, 0].tolist() == list(table)
        assert network.size <= 2 ** (n - 1) + 1


@settings(max_examples=25)
@given(st.integers(4, 7), st.integers(0, 2**32))
def test_random_larger_tables_are_built(n: int, seed: int) -> None:
    table = np.random.default_rng(seed).integers(0, 2, 2**n)
    np.testing.assert_array_equal(from_truth_table(table)(inputs(n))[:, 0], table)


def test_parity_needs_the_most_neurons() -> None:
    assert from_truth_table(inputs(6).sum(axis=1) % 2).size == 2**5 + 1


def test_constant_tables_need_one_neuron() -> None:
    assert [from_truth_table([value] * 8).size for value in (0, 1)] == [1, 1]


def test_inputs_count_in_binary() -> None:
    assert ["".join(map(str, row)) for row in inputs(3).tolist()] == [
        f"{number:03b}" for number in range(8)
    ]


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=20),
    st.integers(0, 1),
)
def test_latch_keeps_the_last_command(signals: list[tuple[int, int]], start: int) -> None:
    state, expected = start, []
    for set_, reset in signals:
        state = 0 if reset else 1 if set_ else state
        expected.append(state)
    latch = McCullochPitts((1, 1, -2), threshold=1)
    assert loop(latch, signals, start).tolist() == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GATES["AND"]([1, 0, 1]), r"shape \(3,\).*must be 2"),
        (lambda: GATES["AND"](1), r"shape \(\)"),
        (lambda: GATES["AND"]([0.5, 1]), "other values than 0 and 1"),
        (lambda: GATES["AND"]([float("nan"), 1]), "other values than 0 and 1"),
        (lambda: neuron_of_1943([1, -2], 1), "-1 to inhibit"),
        (lambda: compose(), "at least one layer"),
        (lambda: compose([GATES["AND"]], []), "at least one neuron"),
        (lambda: compose([GATES["OR"]], [GATES["AND"]]), "layer 2 has 2 weights; it sees 1"),
        (lambda: from_truth_table([0, 1, 1]), r"shape \(3,\)"),
        (lambda: from_truth_table([1]), r"shape \(1,\)"),
        (lambda: from_truth_table([0, 2]), "each 0 or 1"),
        (lambda: inputs(0), "n=0"),
        (lambda: loop(GATES["AND"], [[0, 1]]), "must be 1"),
    ],
)
def test_errors_say_what_to_do(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
