"""The error that a data set raises when its files cannot be trusted."""


class DataError(RuntimeError):
    """A file of a data set is missing, truncated, altered or not what its name says.

    The message names the file and what to do about it. It is a :class:`RuntimeError`: nothing the
    caller passed in is wrong, so a :class:`ValueError` would mislead.

    >>> raise DataError("data/mnist/train-images-idx3-ubyte.gz is missing")
    Traceback (most recent call last):
        ...
    deeplearning.data.errors.DataError: data/mnist/train-images-idx3-ubyte.gz is missing
    """
