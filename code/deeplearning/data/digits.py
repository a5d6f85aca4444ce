"""The 8 × 8 digits that come with scikit-learn: real, and small enough to train on in a test."""

import numpy as np

from deeplearning.data.split import Split


def digits(*, flat: bool = False, test_size: int = 360, seed: int = 0) -> Split:
    """Load scikit-learn's 1,797 handwritten digits, 8 × 8 grey pixels, split at random.

    A pixel is the number of inked points in a 4 × 4 block of the scan, 0 … 16, divided by 16. The split is
    stratified: every class has the same share in both parts. The same people wrote in both, so that an accuracy
    here says nothing about a new writer.

    Args:
        flat: give every image as one row of 64 numbers.
        test_size: how many of the 1,797 samples are kept for the test, 10 … 1,787.
        seed: of the split; the same seed gives the same split.

    Returns:
        A :class:`Split` with arrays of its own: ``train_x`` (1797 − test_size, 8, 8) float32 in [0, 1],
        ``train_y`` int64 in 0 … 9, ``test_x`` (test_size, 8, 8), ``test_y``.

    Raises:
        ValueError: a part would have fewer samples than classes.

    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository
    (1998); the copy in scikit-learn is its test set.

    >>> digits()
    Split(train: 1,437 samples of 8×8, test: 360, classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    """
    # scikit-learn takes a second to import, which `import deeplearning.data` should not cost.
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    source = load_digits()
    classes = tuple(str(name) for name in source.target_names)
    total = len(source.target)
    if not len(classes) <= test_size <= total - len(classes):
        raise ValueError(
            f"test_size is {test_size}; of {total:,} samples, {len(classes)} … {total - len(classes):,} can be kept "
            "for the test, so that both parts have every class."
        )
    x = (source.images / 16).astype(np.float32)
    y = source.target.astype(np.int64)
    train_x, test_x, train_y, test_y = train_test_split(
        x, y, test_size=test_size, random_state=seed, stratify=y
    )
    split = Split(train_x, train_y, test_x, test_y, classes)
    return split.flat() if flat else split
