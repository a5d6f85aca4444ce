"""The receptive field: known networks, the recursion against a count by brute force, and both engines' gradients."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning import engines, nn
from deeplearning.models.receptive_field import (
    Field,
    Window,
    effective_pixels,
    extent,
    gradient_map,
    receptive_fields,
    windows_of,
)


def seen_by_sets(windows: list[Window], unit: int) -> set[int]:
    """Follow a unit's taps down to the pixels, one index at a time."""
    places = {unit}
    for kernel, stride, padding, dilation in reversed(windows):
        places = {stride * i - padding + dilation * tap for i in places for tap in range(kernel)}
    return places


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.builds(Window, st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3)),
        max_size=4,
    ),
    st.integers(0, 3),
)  # fmt: skip
def test_the_recursion_equals_counting(windows: list[Window], unit: int) -> None:
    first, last = receptive_fields(windows)[-1].of(unit)
    places = seen_by_sets(windows, unit)
    assert (first, last) == (min(places), max(places))


def test_fields_of_known_networks() -> None:
    assert receptive_fields([]) == [Field(1, 1, 0)]
    assert [f.size for f in receptive_fields([Window(3)] * 4)] == [1, 3, 5, 7, 9]
    dilated = [Window(3, dilation=d) for d in (1, 2, 4, 8)]
    assert receptive_fields(dilated)[-1].size == 31
    # VGG-16's five blocks, each with a pooling of 2 behind it.
    vgg = []
    for convolutions in (2, 2, 3, 3, 3):
        vgg += [Window(3, padding=1)] * convolutions + [Window(2, 2)]
    last = receptive_fields(vgg)[-1]
    assert (last.size, last.jump) == (212, 32)


@pytest.mark.parametrize(
    "window", [Window(0), Window(3, 0), Window(3, padding=-1), Window(3, dilation=0)]
)
def test_impossible_windows_are_refused(window: Window) -> None:
    with pytest.raises(ValueError, match="at least"):
        receptive_fields([window])


def layers(module: object) -> list:
    return [
        module.Conv2d(1, 4, 5, stride=2, padding=1), module.ReLU(), module.Conv2d(4, 4, 3, dilation=2),
        module.Flatten(), module.Linear(9, 9),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_windows_are_read_and_gradients_agree(name: str) -> None:
    engine = engines.get(name)
    engine.manual_seed(0)
    made = layers(engine.nn)
    windows = windows_of(made)
    assert windows == [Window(5, 2, 1), Window(3, dilation=2)]
    first, last = receptive_fields(windows)[-1].of(1)
    x = np.random.default_rng(0).standard_normal((8, 1, 24, 24)).astype(np.float32)
    seen = gradient_map(engine.nn.Sequential(*made[:3]), x, (1, 1), engine)
    assert seen.shape == (24, 24)
    assert extent(seen) == (first, last, first, last)


def test_both_engines_give_the_same_map() -> None:
    maps, ours = [], nn.Sequential(*layers(nn)[:3])
    state = engines.get("numpy").state(ours)
    x = np.random.default_rng(1).standard_normal((2, 1, 15, 15)).astype(np.float32)
    for name in ("numpy", "torch"):
        engine = engines.get(name)
        model = engine.nn.Sequential(*layers(engine.nn)[:3])
        engine.load(model, state)
        maps.append(gradient_map(model, x, (0, 1), engine))
    np.testing.assert_allclose(*maps, rtol=1e-4, atol=1e-6)


def test_other_axes_and_words() -> None:
    layer = torch.nn.Conv2d(1, 1, (3, 5), stride=(1, 2))
    assert windows_of([layer], axis=1) == [Window(5, 2)]
    with pytest.raises(ValueError, match="as a number"):
        windows_of([torch.nn.Conv2d(1, 1, 3, padding="same")])
    assert windows_of([SimpleNamespace()]) == []


def test_a_sequential_stands_for_what_is_in_it() -> None:
    for module in (nn, torch.nn):
        inner = module.Sequential(module.Conv2d(1, 1, 3), module.Sequential(module.MaxPool2d(2)))
        windows = windows_of([module.Conv2d(1, 1, 5), inner, module.Flatten(), module.ReLU()])
        assert windows == [Window(5), Window(3), Window(2, 2)]
    assert windows_of([nn.MaxPool2d(np.int64(3), 2)]) == [Window(3, 2)]


class Around(nn.Module):
    def __init__(self) -> None:
        self.inner = nn.Conv2d(1, 1, 3)


@pytest.mark.parametrize(
    ("layer", "axis", "words"),
    [
        (nn.ConvTranspose2d(1, 1, 3, 2), 0, "ConvTranspose2d.* makes images larger"),
        (torch.nn.UpsamplingNearest2d(scale_factor=2), 0, "makes images larger"),
        (nn.Upsample(scale_factor=2), 0, "makes images larger"),
        (Around(), 0, "Around has modules inside; give its layers"),
        (nn.Conv1d(1, 1, 3), 1, "axis=1 of Conv1d.*give one that its kernel has"),
    ],
    ids=["transposed", "torch", "upsample", "inside", "axis"],
)
def test_what_has_no_single_window_is_refused(layer: object, axis: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        windows_of([layer], axis)


@pytest.mark.parametrize(("model", "place"), [(nn.Conv2d(1, 1, 3), (3, 0)), (nn.Flatten(), (0, 0))])
def test_a_place_that_is_not_there(model: nn.Module, place: tuple[int, int]) -> None:
    x = np.zeros((1, 1, 5, 5), np.float32)
    with pytest.raises(ValueError, match=r"gradient_map: place=.*give a row and a column"):
        gradient_map(model, x, place, engines.get("numpy"))


def test_extent_and_effective_pixels() -> None:
    seen = np.zeros((5, 6))
    seen[1, 2], seen[3, 4], seen[3, 3] = 1, 0.04, 0.05
    assert extent(seen) == (1, 3, 2, 4)
    assert effective_pixels(seen) == 2
    with pytest.raises(ValueError, match="zeros"):
        extent(np.zeros((2, 2)))
