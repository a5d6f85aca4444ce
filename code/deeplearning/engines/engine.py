"""What a model and the training loop need of an engine."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Engine:
    """One way to compute: the namespaces that a network is written against, and the way in and out for arrays.

    ``nn`` and ``optim`` hold the same names in every engine; ``tensor`` takes a NumPy array in and ``to_numpy`` takes
    one out; ``state`` and ``load`` carry a model's parameters between engines as a dictionary of arrays;
    ``random_state`` and ``set_random_state`` save and restore the generator that dropout draws from.
    """

    name: str
    nn: Any
    optim: Any
    tensor: Callable[[np.ndarray], Any]
    to_numpy: Callable[[Any], np.ndarray]
    no_grad: Callable[[], AbstractContextManager[Any]]
    manual_seed: Callable[[int], Any]
    state: Callable[[Any], dict[str, np.ndarray]]
    load: Callable[[Any, Mapping[str, np.ndarray]], None]
    random_state: Callable[[], np.ndarray]
    set_random_state: Callable[[np.ndarray], None]
