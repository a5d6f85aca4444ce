"""Which backward kernel is taken for which convolution, and that every shipped configuration has its use."""

import json
from importlib.resources import files

import pytest
import torch

from deepkernels import configs
from deepkernels.conv2d import backward_choice as choice
from deepkernels.conv2d.geometry import Geometry

CONFIGS = configs.load(choice.OP)
HALF, SINGLE = torch.bfloat16, torch.float32
LAYERS = {
    "resnet-stem": Geometry.of((32, 3, 224, 224), (64, 3, 7, 7), 2, 3),
    "grey-stem": Geometry.of((32, 1, 28, 28), (6, 1, 5, 5), padding=2),
    "resnet-56": Geometry.of((32, 64, 56, 56), (64, 64, 3, 3), padding=1),
    "resnet-28": Geometry.of((32, 128, 28, 28), (128, 128, 3, 3), padding=1),
    "resnet-14": Geometry.of((128, 256, 14, 14), (256, 256, 3, 3), padding=1),
    "resnet-7": Geometry.of((32, 512, 7, 7), (512, 512, 3, 3), padding=1),
    "resnet-stride2": Geometry.of((32, 128, 56, 56), (128, 128, 3, 3), 2, 1),
    "bottleneck-1x1": Geometry.of((32, 256, 56, 56), (64, 256, 1, 1)),
    "shortcut-1x1-stride2": Geometry.of((32, 256, 56, 56), (512, 256, 1, 1), 2),
    "mobilenet": Geometry.of((32, 96, 56, 56), (96, 1, 3, 3), 2, 1, groups=96),
    "many-of-one": Geometry.of((32, 16, 56, 56), (128, 1, 3, 3), padding=1, groups=16),
    "depthwise-31x31": Geometry.of((32, 64, 56, 56), (64, 1, 31, 31), padding=15, groups=64),
    "resnext": Geometry.of((32, 128, 56, 56), (128, 4, 3, 3), padding=1, groups=32),
    "two-towers": Geometry.of((32, 256, 28, 28), (256, 128, 3, 3), padding=1, groups=2),
    "odd-channels": Geometry.of((32, 30, 28, 28), (50, 30, 3, 3), padding=1),
}


@pytest.mark.parametrize(
    ("layer", "dgrad", "wgrad"),
    [
        ("resnet-stem", "dgrad-pointer-narrow", "wgrad-pointer"),
        ("grey-stem", "dgrad-pointer-narrow", "wgrad-pointer"),
        ("resnet-56", "dgrad-tma-64", "wgrad-tma-64"),
        ("resnet-28", "dgrad-tma-128", "wgrad-tma-128"),
        ("resnet-14", "dgrad-tma-128", "wgrad-tma-256"),
        ("resnet-7", "dgrad-tma-64", "wgrad-tma-256"),
        ("resnet-stride2", "dgrad-tma-residues-128", "wgrad-tma-128"),
        ("bottleneck-1x1", "dgrad-tma-256", "wgrad-tma-64"),
        ("shortcut-1x1-stride2", "dgrad-tma-residues-256", "wgrad-tma-256"),
        ("mobilenet", "dgrad-depthwise", "wgrad-depthwise"),
        ("many-of-one", "dgrad-pointer-narrow", "wgrad-pointer"),
        ("depthwise-31x31", "dgrad-pointer-narrow", "wgrad-pointer"),
        ("resnext", "dgrad-pointer-narrow", "wgrad-pointer"),
        ("two-towers", "dgrad-tma-128", "wgrad-tma-128"),
        ("odd-channels", "dgrad-pointer", "wgrad-pointer"),
    ],
)
def test_choice_on_hopper(layer: str, dgrad: str, wgrad: str) -> None:
    assert choice.choose_dgrad(LAYERS[layer], HALF).name == dgrad
    assert choice.choose_wgrad(LAYERS[layer], HALF).name == wgrad


def test_full_float32_goes_to_pointers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tensor cores the tiles of the kernels with descriptors do not fit into registers."""
    layer = LAYERS["resnet-28"]
    assert choice.choose_dgrad(layer, SINGLE).name == "dgrad-tma-float32"
    assert choice.choose_wgrad(layer, SINGLE).name == "wgrad-tma-float32"
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    assert choice.choose_dgrad(layer, SINGLE).name == "dgrad-pointer-float32"
    assert choice.choose_wgrad(layer, SINGLE).name == "wgrad-pointer-float32"


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dtype", [HALF, SINGLE], ids=str)
@pytest.mark.parametrize(
    ("target", "aligned"), [("sm_80", True), ("gfx942", True), ("sm_90", False)]
)
def test_no_descriptors_where_there_is_no_unit_for_them(
    layer: str, dtype: torch.dtype, target: str, aligned: bool
) -> None:
    for choose in (choice.choose_dgrad, choice.choose_wgrad):
        assert "tma" not in choose(LAYERS[layer], dtype, target, aligned).kernel


@pytest.mark.parametrize("layer", LAYERS)
def test_boxes_stay_inside_a_group(layer: str) -> None:
    geometry = LAYERS[layer]
    config = choice.choose_dgrad(geometry, HALF)
    if "tma" in config.kernel and geometry.groups > 1:
        assert geometry.channels % config.meta["BLOCK_N"] == 0
        assert geometry.features % config.meta["BLOCK_K"] == 0


def test_float64_goes_to_pointers() -> None:
    for geometry in LAYERS.values():
        for choose in (choice.choose_dgrad, choice.choose_wgrad):
            assert "tma" not in choose(geometry, torch.float64).kernel


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_tiles_are_powers_of_two(config: configs.Config) -> None:
    for name, value in config.meta.items():
        assert value > 0, name
        assert value & (value - 1) == 0, name


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_pointers_are_read_by_four_warps(config: configs.Config) -> None:
    """With eight, a loop over taps and channels with pointer loads has given wrong results."""
    assert config.num_warps == 4 or "tma" in config.kernel


def test_eight_warps_are_marked_for_a_check_on_a_gpu() -> None:
    file = files("deepkernels").joinpath("configs", f"{choice.OP}.json")
    marked = json.loads(file.read_text(encoding="utf-8"))["check_on_gpu"]
    assert marked == [config.name for config in CONFIGS if config.num_warps == 8]
    assert "not yet measured" in configs.origin(choice.OP)


def test_every_configuration_is_chosen_for_something() -> None:
    names = [name for name, _ in choice.backward_compile_requests("sm_90")]
    assert sorted(names) == sorted(config.name for config in CONFIGS)


def test_an_unknown_condition_is_refused() -> None:
    config = configs.Config("new", "m:f", {}, 4, 2, {"pass": "dgrad", "moon": "full"})
    with pytest.raises(ValueError, match=r"new has unknown conditions \['moon'\]"):
        choice._holds(config, LAYERS["resnet-56"], HALF, "sm_90", True)


def test_weights_of_a_1x1_window_are_a_matrix_product() -> None:
    geometry = LAYERS["bottleneck-1x1"]
    config = choice.choose_wgrad(geometry, HALF)
    meta = choice.constants(config, choice.seen(config, geometry), HALF)
    assert (meta["BLOCK_B"], meta["BLOCK_H"], meta["BLOCK_W"]) == (1, 1, config.meta["BLOCK_K"])


@pytest.mark.parametrize("layer", LAYERS)
def test_boxes_have_as_many_pixels_as_the_tile(layer: str) -> None:
    for choose, side in ((choice.choose_dgrad, "BLOCK_M"), (choice.choose_wgrad, "BLOCK_K")):
        config = choose(LAYERS[layer], HALF)
        meta = choice.constants(config, LAYERS[layer], HALF)
        if "tma" in config.kernel:
            assert meta["BLOCK_B"] * meta["BLOCK_H"] * meta["BLOCK_W"] == config.meta[side]
