"""The shared protocol: what is drawn, what it is judged by, and that training repeats."""

import numpy as np
import pytest
import torch

from deeplearning.experiments.fashion_subsets import LEARNED_FROM, accuracy, clothes, draw, learn
from deeplearning.models.small_cnn import small_cnn


def rows(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def test_subsets_are_balanced_nested_and_of_a_seed() -> None:
    (small, labels), _ = draw(20, 1)
    (large, _), _ = draw(50, 1)
    assert small.shape == (20, 1, 28, 28)
    assert np.bincount(labels).tolist() == [2] * 10
    assert rows(small) < rows(large)
    assert rows(small) != rows(draw(20, 2)[0][0])


def test_validation_images_are_never_learned_from() -> None:
    _, (tested, labels) = draw(20, 0, judged=30)
    _, (held, _) = draw(20, 0, validation=True, judged=30)
    assert np.array_equal(tested[:, 0], clothes().test_x[:30])
    assert np.array_equal(labels, clothes().test_y[:30])
    assert np.array_equal(held[:, 0], clothes().train_x[LEARNED_FROM:][:30])


def test_training_repeats_and_the_last_epochs_are_slower() -> None:
    training, judged = draw(20, 0, judged=20)
    found = []
    for epochs in (3, 3, 1):
        torch.manual_seed(0)
        model = small_cnn(2, 3, side=28, nn=torch.nn)
        found.append((learn(model, training, 0.01, epochs, 10, 0), accuracy(model, judged)))
    assert found[0] == found[1]
    assert found[0][0] < found[2][0]


def test_a_size_that_ten_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="give a multiple of 10"):
        draw(15, 0)
