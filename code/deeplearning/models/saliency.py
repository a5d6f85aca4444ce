"""Which pixels a network's score depends on: by its gradient, by its gradient under noise, and by covering pixels up.

A map has one number a pixel. The score is that of a label before the softmax, which would mix in all others.
"""

from typing import Any

import numpy as np

from deeplearning.engines import Engine


def score_gradient(model: Any, x: np.ndarray, labels: np.ndarray, engine: Engine) -> np.ndarray:
    r"""Return the gradient of each image's score for its label by the pixels, :math:`\partial s_c/\partial\mathbf{x}`.

    x (N, C, H, W), labels (N) whole numbers, and the result has the shape of x. One backward pass serves the batch,
    because no image's score depends on another image; a network with batch normalisation has to be in evaluation mode.
    The parameters' gradients are forgotten afterwards. ``ValueError`` if there is not one label an image.

    >>> from deeplearning import engines, nn
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    >>> gradient = score_gradient(model, np.ones((1, 1, 2, 2), np.float32), np.array([2]), engines.get("numpy"))
    >>> bool((gradient.ravel() == model[1].weight.numpy()[2]).all())
    True
    """
    _check("score_gradient", x, labels)
    inputs = engine.tensor(x)
    inputs.requires_grad_()
    scores = model(inputs)
    choice = np.zeros(tuple(scores.shape), x.dtype)
    choice[np.arange(len(x)), labels] = 1
    scores.backward(engine.tensor(choice))
    model.zero_grad()
    return engine.to_numpy(inputs.grad)


def saliency(model: Any, x: np.ndarray, labels: np.ndarray, engine: Engine) -> np.ndarray:
    r"""Return the saliency map of each image, (N, H, W): how much the score changes when a pixel changes a little.

    :math:`M_{ij} = \max_c \lvert\partial s / \partial x_{cij}\rvert`. Arguments and errors are those of
    :func:`score_gradient`. Source: :cite:`simonyan2014saliency`, section 3.1.
    """
    return np.abs(score_gradient(model, x, labels, engine)).max(axis=1)


def smooth_grad(
    model: Any,
    x: np.ndarray,
    labels: np.ndarray,
    engine: Engine,
    rng: np.random.Generator,
    noise: float = 0.15,
    draws: int = 25,
) -> np.ndarray:
    r"""Return the saliency map of the gradient averaged over noisy copies of each image, (N, H, W).

    .. math:: M = \max_c \Bigl\lvert \frac{1}{n} \sum_{k=1}^{n}
              \nabla s(\mathbf{x} + \sigma\boldsymbol{\varepsilon}_k) \Bigr\rvert,
              \quad \boldsymbol{\varepsilon}_k \sim N(0, 1)

    with n = ``draws`` and :math:`\sigma` = ``noise`` times the range of all pixel values given. x (N, C, H, W),
    labels (N). ``ValueError`` for a negative ``noise``, for no draws, and as in :func:`score_gradient`.
    Source: :cite:`smilkov2017`.
    """
    if not noise >= 0 or draws < 1:
        raise ValueError(
            f"smooth_grad: noise={noise}, draws={draws}; give a share from 0 and at least one draw"
        )
    width = noise * float(x.max() - x.min())
    total = np.zeros(x.shape)
    for _ in range(draws):
        noisy = x + width * rng.standard_normal(x.shape)
        total += score_gradient(model, noisy.astype(x.dtype), labels, engine)
    return np.abs(total / draws).max(axis=1)


def occlusion_map(
    model: Any,
    x: np.ndarray,
    labels: np.ndarray,
    engine: Engine,
    size: int = 4,
    stride: int = 2,
    fill: float = 0.0,
) -> np.ndarray:
    r"""Return by how much the score falls when a pixel is covered, (N, H, W): positive where it speaks for the label.

    A square P of ``size`` × ``size`` pixels of the value ``fill`` is laid on the image at every ``stride``-th place,
    the last row and column of places included, and a pixel's number is the mean over the squares that cover it:

    .. math:: M_{ij} = \operatorname{mean}_{P \ni (i,j)} \bigl(s(\mathbf{x}) - s(\mathbf{x} \text{ under } P)\bigr)

    x (N, C, H, W), labels (N). It needs no gradient, and a forward pass for every place.
    ``ValueError`` for a size that is not from 1 to the image's side, for a stride that is not from 1 to the size
    (pixels would be left out), and if there is not one label an image. Source: :cite:`zeiler2014`, section 4.2.
    """
    _check("occlusion_map", x, labels)
    height, width = x.shape[2:]
    if not 1 <= size <= min(height, width) or not 1 <= stride <= size:
        raise ValueError(
            f"occlusion_map: size={size}, stride={stride} on {height} × {width} pixels; give a size up to the side "
            "and a stride up to the size"
        )
    rows = np.arange(len(x))

    def score(images: np.ndarray) -> np.ndarray:
        with engine.no_grad():
            return engine.to_numpy(model(engine.tensor(images)))[rows, labels]

    before = score(x)
    total, covers = np.zeros((len(x), height, width)), np.zeros((height, width))
    for top in _places(height, size, stride):
        for left in _places(width, size, stride):
            square = np.s_[top : top + size], np.s_[left : left + size]
            covered = x.copy()
            covered[:, :, square[0], square[1]] = fill
            total[:, square[0], square[1]] += (before - score(covered))[:, None, None]
            covers[square] += 1
    return total / covers


def _places(length: int, size: int, stride: int) -> list[int]:
    return sorted({*range(0, length - size + 1, stride), length - size})


def remove_pixels(x: np.ndarray, maps: np.ndarray, share: float, fill: float) -> np.ndarray:
    """Return the images with the ``share`` of their pixels that have the largest values in ``maps`` set to ``fill``.

    x (N, C, H, W), maps (N, H, W); among equal values the pixel that comes first goes first.
    ``ValueError`` for a share outside 0 to 1 and for maps of another shape.

    >>> x = np.array([[[[5.0, 6.0], [7.0, 8.0]]]])
    >>> remove_pixels(x, np.array([[[0.1, 0.9], [0.3, 0.2]]]), share=0.5, fill=0.0).tolist()
    [[[[5.0, 0.0], [0.0, 8.0]]]]
    """
    if maps.shape != (len(x), *x.shape[2:]):
        raise ValueError(
            f"remove_pixels: maps {maps.shape} for images {x.shape}; give maps (N, H, W)"
        )
    if not 0 <= share <= 1:
        raise ValueError(f"remove_pixels: share={share}; give a number from 0 to 1")
    flat = maps.reshape(len(x), -1)
    count = round(share * flat.shape[1])
    first = np.argsort(-flat, axis=1, kind="stable")[:, :count]
    gone = np.zeros(flat.shape, bool)
    np.put_along_axis(gone, first, True, axis=1)
    return np.where(gone.reshape(maps.shape)[:, None], x.dtype.type(fill), x)


def _check(name: str, x: np.ndarray, labels: np.ndarray) -> None:
    if x.ndim != 4 or np.shape(labels) != (len(x),):
        raise ValueError(
            f"{name}: images {x.shape} and labels {np.shape(labels)}; give (N, C, H, W) and one label an image, (N,)"
        )
