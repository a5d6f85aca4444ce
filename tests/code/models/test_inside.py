"""Inside a network: maps against a forward pass by hand, patches that were planted, and fits against projections."""

import numpy as np
import pytest

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.models.inside import explained, feature_maps, strongest_patches
from deeplearning.models.lenet import lenet5
from deeplearning.models.receptive_field import Field, receptive_fields, windows_of


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_feature_maps_are_those_of_a_forward_pass(name: str) -> None:
    engine = engines.get(name)
    engine.manual_seed(0)
    model = lenet5("relu", "max", nn=engine.nn)
    x = np.random.default_rng(0).random((2, 1, 28, 28)).astype(np.float32)
    maps = feature_maps(model, x, engine)
    assert [name for name, _ in maps][:3] == ["0 Conv2d", "1 ReLU", "2 MaxPool2d"]
    state = engine.state(model)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(x[:, 0], ((0, 0), (2, 2), (2, 2))), (5, 5), axis=(1, 2)
    )
    first = np.einsum("npqrs,krs->nkpq", windows, state["0.weight"][:, 0])
    first += state["0.bias"][:, None, None]
    assert_close(maps[0][1], first, length=25)
    assert_close(maps[1][1], np.maximum(first, 0), length=25)
    pooled = np.maximum(first, 0).reshape(2, 6, 14, 2, 14, 2).max(axis=(3, 5))
    assert_close(maps[2][1], pooled, length=25)
    assert_close(maps[-1][1], engine.to_numpy(model(engine.tensor(x))), length=400)
    assert len(maps) == 12


def test_a_model_that_is_no_chain_is_refused() -> None:
    with pytest.raises(ValueError, match="give a Sequential"):
        feature_maps(nn.Linear(2, 2), np.zeros((1, 2), np.float32), engines.get("numpy"))


def test_planted_patches_are_found_in_order_and_cut_at_the_border() -> None:
    """A kernel that looks for a cross answers most where a cross was drawn."""
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.float32)
    images = np.zeros((4, 8, 8), np.float32)
    images[1, 2:5, 3:6] = 3 * cross
    images[3, 4:7, 0:3] = 2 * cross
    images[2, 0, 0] = 1
    layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    layer.load_state_dict({"weight": cross[None, None]})
    engine = engines.get("numpy")
    ((_, values),) = feature_maps(nn.Sequential(layer), images[:, None], engine)
    field = receptive_fields(windows_of([layer]))[-1]
    found = strongest_patches(values[:, 0], images, field, count=3)
    assert found.images.tolist() == [1, 3, 2]
    assert found.units.tolist() == [[3, 4], [5, 1], [0, 0]]
    assert np.array_equal(found.pixels[0], 3 * cross)
    assert np.array_equal(found.pixels[1], 2 * cross)
    middle = np.pad([[1]], 1)  # beyond the edge: 0
    assert np.array_equal(found.pixels[2], middle)


def test_shapes_and_counts_are_checked() -> None:
    images = np.zeros((2, 4, 4))
    with pytest.raises(ValueError, match="N, P, Q"):
        strongest_patches(np.zeros((3, 2, 2)), images, Field())
    with pytest.raises(ValueError, match="count=3 of 2 images"):
        strongest_patches(np.zeros((2, 2, 2)), images, Field(), count=3)
    with pytest.raises(ValueError, match="K, R, R"):
        explained(np.zeros((1, 3, 3)), np.zeros((1, 5, 5)))


def test_a_fit_is_the_projection_on_the_bank() -> None:
    rng = np.random.default_rng(0)
    bank = rng.standard_normal((4, 5, 5))
    bank = np.concatenate([bank, bank[:1] + bank[1:2]])  # one that adds nothing: rank 4
    basis = np.linalg.qr(bank[:4].reshape(4, 25).T)[0]
    kernels = rng.standard_normal((3, 5, 5))
    fits, cosines = explained(kernels, bank)
    flat = kernels.reshape(3, 25)
    projections = flat @ basis @ basis.T
    assert_close(fits.reshape(3, 25), projections, length=25)
    alike = (flat * projections).sum(axis=1) / np.linalg.norm(flat, axis=1)
    assert_close(cosines, alike / np.linalg.norm(projections, axis=1), length=25)
    assert_close(explained(bank, bank)[1], np.ones(5), length=25)


def test_a_random_kernel_is_explained_by_the_rank_of_the_bank() -> None:
    rng = np.random.default_rng(1)
    cosines = explained(rng.standard_normal((2000, 5, 5)), rng.standard_normal((9, 5, 5)))[1]
    assert (cosines**2).mean() == pytest.approx(9 / 25, rel=0.03)
