"""Inside a trained network: its feature maps, the patches that excite them, what a bank explains of its kernels.

The networks are Sequential, of any engine.
"""

from typing import Any, NamedTuple

import numpy as np

from deeplearning.engines import Engine
from deeplearning.models.receptive_field import Field


def feature_maps(model: Any, x: np.ndarray, engine: Engine) -> list[tuple[str, np.ndarray]]:
    r"""Return what every layer of a Sequential gives for a batch, with its number and kind.

    :math:`\mathbf{h}_0 = \mathbf{x}`, :math:`\mathbf{h}_l = f_l(\mathbf{h}_{l-1})`; the list holds
    :math:`\mathbf{h}_1, \dots, \mathbf{h}_L`. x (N, C, H, W), and maps (N, C, H', W') up to the layer that flattens
    them. ``ValueError`` for a model that is no Sequential: which layer feeds which is then not known.

    >>> from deeplearning import engines, nn
    >>> model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Flatten())
    >>> for name, values in feature_maps(model, np.zeros((1, 1, 8, 8), np.float32), engines.get("numpy")):
    ...     print(name, values.shape)
    0 Conv2d (1, 6, 4, 4)
    1 ReLU (1, 6, 4, 4)
    2 Flatten (1, 96)
    """
    if type(model).__name__ != "Sequential":
        raise ValueError(
            f"feature_maps: a {type(model).__name__}; give a Sequential, whose layers run one after the other"
        )
    maps = []
    with engine.no_grad():
        values = engine.tensor(x)
        for name, layer in model.named_children():
            values = layer(values)
            maps.append((f"{name} {type(layer).__name__}", engine.to_numpy(values)))
    return maps


class Patches(NamedTuple):
    """Pieces of images (K, r, r), each with the number of its image and the unit (row, column) that sees it."""

    pixels: np.ndarray
    images: np.ndarray
    units: np.ndarray


def strongest_patches(
    values: np.ndarray, images: np.ndarray, field: Field, count: int = 8
) -> Patches:
    r"""Cut out what excites a feature map most: the receptive fields of its largest values, one an image.

    For each image n the unit :math:`(p_n, q_n) = \arg\max_{pq} h_{npq}`, and of the images those with the ``count``
    largest :math:`h_{n p_n q_n}`, from the largest on. ``values`` (N, P, Q) of one map for the ``images`` (N, H, W);
    ``field`` is what its units see, r pixels a side; pixels outside the image are 0.
    ``ValueError`` for shapes that do not fit, and for a count above N. Source: :cite:`zeiler2014`, section 4.1.

    >>> images = np.arange(18.0).reshape(2, 3, 3)
    >>> strongest_patches(images[:, 1:, 1:], images, Field(size=2), count=1).pixels.tolist()
    [[[13.0, 14.0], [16.0, 17.0]]]
    """
    if values.ndim != 3 or images.ndim != 3 or len(values) != len(images):
        raise ValueError(
            f"strongest_patches: values {values.shape} for images {images.shape}; give (N, P, Q) and (N, H, W)"
        )
    if not 1 <= count <= len(images):
        raise ValueError(
            f"strongest_patches: count={count} of {len(images)} images; give 1 to that many"
        )
    flat = values.reshape(len(values), -1)
    chosen = np.argsort(-flat.max(axis=1), kind="stable")[:count]
    units = np.stack(np.unravel_index(flat[chosen].argmax(axis=1), values.shape[1:]), axis=1)
    room = np.pad(images[chosen], ((0, 0), (field.size, field.size), (field.size, field.size)))
    pixels = []
    for image, unit in zip(room, units, strict=True):
        (top, bottom), (left, right) = (field.of(int(place)) for place in unit)
        shift = field.size
        pixels.append(image[top + shift : bottom + shift + 1, left + shift : right + shift + 1])
    return Patches(np.stack(pixels), chosen, units)


def explained(kernels: np.ndarray, bank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Fit each kernel as a sum of the kernels of a bank, and return the fits and how alike both are.

    :math:`\mathbf{a}_k = \arg\min_{\mathbf{a}} \lVert\mathbf{w}_k - B^\top\mathbf{a}\rVert` and the cosine
    :math:`\cos_k = \lVert B^\top\mathbf{a}_k\rVert / \lVert\mathbf{w}_k\rVert`, 1 if the bank can make the kernel and 0
    if it is at right angles to all of the bank. ``kernels`` (K, R, R), ``bank`` (M, R, R); fits (K, R, R), cosines (K).
    A random kernel has :math:`\cos^2 = \operatorname{rank}(B)/R^2` on average, so that a large bank explains anything.
    ``ValueError`` if the sizes of the kernels differ.

    >>> fits, cosines = explained(np.array([[[3.0, 4.0]]]), np.array([[[1.0, 0.0]]]))
    >>> fits.tolist(), cosines.tolist()
    ([[[3.0, 0.0]]], [0.6])
    """
    if kernels.ndim != 3 or bank.ndim != 3 or kernels.shape[1:] != bank.shape[1:]:
        raise ValueError(
            f"explained: kernels {kernels.shape} by a bank {bank.shape}; give (K, R, R) and (M, R, R)"
        )
    wanted = kernels.reshape(len(kernels), -1).astype(float)
    basis = bank.reshape(len(bank), -1).astype(float)
    weights = np.linalg.lstsq(basis.T, wanted.T, rcond=1e-4)[0]
    fits = (basis.T @ weights).T
    cosines = np.linalg.norm(fits, axis=1) / np.linalg.norm(wanted, axis=1)
    return fits.reshape(kernels.shape), cosines
