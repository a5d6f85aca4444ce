"""The residual block: its equation, its gradient by finite differences, and the class on both engines."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.autograd import Tensor, gradcheck
from deeplearning.models.residual import activated, residual_block

Block = residual_block(nn)
OURS, THEIRS = engines.get("numpy"), engines.get("torch")


def drawn(*shape: int, seed: int = 0, dtype: type = np.float32) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def test_the_class_is_one_for_each_engine() -> None:
    assert residual_block(nn) is Block
    assert residual_block(torch.nn) is not Block
    assert issubclass(Block, nn.Module)
    assert issubclass(residual_block(torch.nn), torch.nn.Module)


def test_equal_widths_add_the_input_itself() -> None:
    block, z = Block(4, 4, "sigmoid").double(), drawn(5, 4, dtype=np.float64)
    weight, bias = block.branch[1].weight.numpy(), block.branch[1].bias.numpy()
    expected = z + sigmoid(z) @ weight.T + bias
    assert_close(block(Tensor(z)).numpy(), expected, length=4)
    assert [name for name, _ in block.named_parameters()] == ["branch.1.weight", "branch.1.bias"]


def test_other_widths_project_the_input() -> None:
    block, z = Block(4, 3, "relu").double(), drawn(5, 4, dtype=np.float64)
    weight, bias = block.branch[1].weight.numpy(), block.branch[1].bias.numpy()
    expected = z @ block.skip.weight.numpy().T + np.maximum(z, 0) @ weight.T + bias
    assert_close(block(Tensor(z)).numpy(), expected, length=8)
    assert block.skip.bias is None


def test_two_layers_in_the_branch() -> None:
    block, z = Block(4, 3, "tanh", layers=2).double(), drawn(5, 4, dtype=np.float64)
    first, second = block.branch[1], block.branch[3]
    inner = np.tanh(z) @ first.weight.numpy().T + first.bias.numpy()
    branch = np.tanh(inner) @ second.weight.numpy().T + second.bias.numpy()
    assert_close(block(Tensor(z)).numpy(), z @ block.skip.weight.numpy().T + branch, length=8)


def test_with_a_branch_of_zeros_gradients_pass_unchanged() -> None:
    block = Block(4, 4, "sigmoid")
    nn.init.zeros_(block.branch[1].weight)
    z = Tensor(drawn(2, 4), requires_grad=True)
    gradient = drawn(2, 4, seed=1)
    block(z).backward(gradient)
    assert_close(z.grad.numpy(), gradient)


@pytest.mark.parametrize("outputs", [4, 3])
def test_gradient_by_finite_differences(outputs: int) -> None:
    block = Block(4, outputs, "tanh", layers=2).double()
    z = Tensor(drawn(3, 4, dtype=np.float64), requires_grad=True)
    assert gradcheck(lambda z, *_: block(z), [z, *block.parameters()])


@settings(max_examples=15, deadline=None)
@given(
    inputs=st.integers(1, 6),
    outputs=st.integers(1, 6),
    activation=st.sampled_from(["relu", "sigmoid", "tanh"]),
    layers=st.integers(1, 3),
)
def test_both_engines_agree(inputs: int, outputs: int, activation: str, layers: int) -> None:
    own = Block(inputs, outputs, activation, layers=layers)
    other = residual_block(torch.nn)(inputs, outputs, activation, layers=layers)
    THEIRS.load(other, OURS.state(own))
    z = drawn(3, inputs)
    a, b = Tensor(z, requires_grad=True), torch.tensor(z, requires_grad=True)
    for x, block in ((a, own), (b, other)):
        (block(x) ** 2).sum().backward()
    length = max(inputs, outputs) * layers
    assert_close(own(a).numpy(), other(b).detach().numpy(), length=length)
    assert_close(a.grad.numpy(), b.grad.numpy(), length=10 * length)


def test_order_between_two_weight_matrices() -> None:
    names = [type(m).__name__ for m in activated(4, "tanh", "layer", 0.5, torch.nn)]
    assert names == ["LayerNorm", "Tanh", "Dropout"]
    (norm,) = [m for m in activated(4, "relu", "batch", 0, torch.nn) if hasattr(m, "running_mean")]
    assert norm.num_features == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("step", None, 0.0, nn), "activation='step'; give one of relu"),
        (("relu", "group", 0.0, nn), "normalisation='group'; give one of batch, layer, or None"),
    ],
)
def test_refused(arguments: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        activated(4, *arguments)


def test_an_engine_that_lacks_a_layer() -> None:
    from types import SimpleNamespace

    abacus = SimpleNamespace(__name__="abacus.nn", ReLU=nn.ReLU)
    with pytest.raises(ValueError, match=r"abacus\.nn has no BatchNorm1d; give the nn of another"):
        activated(4, "relu", "batch", 0.0, abacus)
    with pytest.raises(ValueError, match=r"abacus\.nn has no Dropout; give the nn of another"):
        activated(4, "relu", None, 0.5, abacus)
