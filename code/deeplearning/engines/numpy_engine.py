"""This book's own engine: reverse-mode differentiation on NumPy arrays."""

import json
from collections.abc import Mapping

import numpy as np

from deeplearning import nn, optim
from deeplearning.autograd import Tensor, from_numpy, manual_seed, no_grad
from deeplearning.autograd import random as package_random
from deeplearning.engines.engine import Engine


def _to_numpy(tensor: Tensor) -> np.ndarray:
    return tensor.numpy()


def _state(model: nn.Module) -> dict[str, np.ndarray]:
    return model.state_dict()


def _load(model: nn.Module, state: Mapping[str, np.ndarray]) -> None:
    model.load_state_dict(state)


def _random_state() -> np.ndarray:
    """Return the generator's state as bytes, so that it fits into an archive of arrays."""
    text = json.dumps(package_random.generator().bit_generator.state)
    return np.frombuffer(text.encode(), np.uint8)


def _set_random_state(state: np.ndarray) -> None:
    package_random.generator().bit_generator.state = json.loads(state.tobytes())


ENGINE = Engine(
    name="numpy",
    nn=nn,
    optim=optim,
    tensor=from_numpy,
    to_numpy=_to_numpy,
    no_grad=no_grad,
    manual_seed=manual_seed,
    state=_state,
    load=_load,
    random_state=_random_state,
    set_random_state=_set_random_state,
)
