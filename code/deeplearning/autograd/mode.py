"""Whether operations are recorded for differentiation, per thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Mode(threading.local):
    enabled = True


_mode = _Mode()


def is_grad_enabled() -> bool:
    """Return whether operations are recorded at present.

    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """
    return _mode.enabled


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: no graph is built, and tensors may be changed in place.

    Used for evaluation and for parameter updates, exactly as ``torch.no_grad``.

    >>> from deeplearning.autograd import Tensor
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> with no_grad():
    ...     w -= 0.5
    >>> w.tolist()
    [0.5, 1.5]
    """
    before = _mode.enabled
    _mode.enabled = False
    try:
        yield
    finally:
        _mode.enabled = before
