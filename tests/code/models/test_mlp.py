"""The multi-layer perceptron as a definition."""

import numpy as np
import pytest
import torch

from deeplearning import models
from deeplearning.autograd import Tensor


def test_layers_alternate_and_end_in_scores() -> None:
    net = models.mlp([4, 5, 6, 3], "tanh")
    assert [type(m).__name__ for m in net] == ["Linear", "Tanh", "Linear", "Tanh", "Linear"]
    assert net(Tensor(np.ones((2, 4), np.float32))).shape == (2, 3)
    assert [type(m).__name__ for m in models.mlp([4, 5, 3], nn=torch.nn)] == [
        "Linear",
        "ReLU",
        "Linear",
    ]
    assert len(models.mlp([4, 3])) == 1


@pytest.mark.parametrize(
    ("sizes", "activation", "words"),
    [
        ([4], "relu", "at least two"),
        ([4, 3], "step", "'step'; give one of relu"),
        ([4, 0], "relu", "out_features=0"),
    ],
)
def test_refused(sizes: list[int], activation: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        models.mlp(sizes, activation)
