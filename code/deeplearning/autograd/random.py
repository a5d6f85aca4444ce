"""The one generator that initialisers, dropout and random tensors draw from unless they are given another."""

import numpy as np

_generator = np.random.default_rng()


def manual_seed(seed: int) -> np.random.Generator:
    """Start the package's generator anew from ``seed`` and return it.

    ``seed`` is a non-negative integer; anything else is a ``ValueError``.

    >>> from deeplearning.autograd import manual_seed, rand
    >>> _ = manual_seed(0); a = rand(3)
    >>> _ = manual_seed(0); b = rand(3)
    >>> a.tolist() == b.tolist()
    True
    """
    global _generator
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"manual_seed: got {seed!r}; give a non-negative integer")
    _generator = np.random.default_rng(int(seed))
    return _generator


def generator() -> np.random.Generator:
    """Return the package's generator; its state is part of every training checkpoint."""
    return _generator
