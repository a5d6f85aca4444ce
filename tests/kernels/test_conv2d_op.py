"""The operator conv2d: PyTorch's arguments and errors, the choice of a kernel, gradients, torch.compile."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from deepkernels import configs
from deepkernels.conv2d import Geometry, choice, choose, compute, conv2d
from deepkernels.conv2d.activation import activation_backward
from deepkernels.conv2d.op import _conv2d
from kernel_comparison import assert_close, normal, poisoned

BF16, FP32 = torch.bfloat16, torch.float32


def precision(device: str) -> str:
    return "tf32" if device == "cuda" else "ieee"


def operands(device: str, x=(2, 8, 5, 6), weight=(16, 8, 3, 3), dtype=FP32, grad=False):
    tensors = [normal(*shape, dtype=dtype, device=device) for shape in (x, weight, weight[:1])]
    return [tensor.requires_grad_(grad) for tensor in tensors]


def wide(*tensors: torch.Tensor) -> list[torch.Tensor]:
    return [tensor.detach().cpu().double() for tensor in tensors]


FORMS = {
    "plain": {},
    "pairs": {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)},
    "lists-of-one": {"stride": [2], "padding": [1]},
    "same": {"padding": "same"},
    "same-dilated": {"padding": "same", "dilation": (2, 1)},
    "valid": {"padding": "valid", "stride": 2},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("activation", [None, "relu"])
def test_arguments_mean_what_they_mean_in_torch(
    form: str, activation: str | None, device: str
) -> None:
    x, weight, bias = operands(device)
    got = conv2d(x, weight, bias, activation=activation, **FORMS[form])
    reference = F.conv2d(*wide(x, weight, bias), **FORMS[form])
    reference = reference if activation is None else reference.relu()
    assert_close(got, reference, terms=72, what=form, precision=precision(device))
    assert got.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    "layout", ["contiguous", "channels-last", "transposed", "sliced", "unaligned"]
)
def test_every_layout_in_memory_is_taken(layout: str, device: str) -> None:
    x, weight, bias = operands(device)
    given = {
        "contiguous": lambda: x,
        "channels-last": lambda: x.to(memory_format=torch.channels_last),
        "transposed": lambda: x.transpose(2, 3).contiguous().transpose(2, 3),
        "sliced": lambda: F.pad(x, (1, 2, 1, 0))[:, :, 1:, 1:-2],
        "unaligned": lambda: (
            F.pad(x.permute(0, 2, 3, 1).flatten(), (1, 0))[1:].view(2, 5, 6, 8).permute(0, 3, 1, 2)
        ),
    }[layout]()
    got = conv2d(given, weight.to(memory_format=torch.channels_last), bias, padding=1)
    reference = F.conv2d(*wide(x, weight, bias), padding=1)
    assert_close(got, reference, terms=72, what=layout, precision=precision(device))


def test_an_image_without_a_batch(device: str) -> None:
    x, weight, bias = operands(device)
    got = conv2d(x[0], weight, bias)
    assert got.shape == (16, 3, 4)
    assert_close(got, F.conv2d(*wide(x[0], weight, bias)), terms=72, precision=precision(device))


def test_out_is_written_and_returned(device: str) -> None:
    x, weight, bias = operands(device)
    out = poisoned((2, 16, 3, 4), FP32, device, channels_last=True)
    assert conv2d(x, weight, bias, out=out) is out
    assert_close(out, F.conv2d(*wide(x, weight, bias)), terms=72, precision=precision(device))


def test_an_empty_batch_has_a_result_and_gradients(device: str) -> None:
    x, weight, bias = operands(device, x=(0, 8, 5, 6), grad=True)
    y = conv2d(x, weight, bias, padding=1, activation="relu")
    assert y.shape == (0, 16, 5, 6)
    y.sum().backward()
    assert x.grad.shape == x.shape
    assert torch.count_nonzero(weight.grad) == torch.count_nonzero(bias.grad) == 0


X, WEIGHT = (2, 8, 5, 6), (16, 8, 3, 3)
WRONG = {
    "x-of-two-dimensions": ({"x": (8, 5)}, r"x has shape \(8, 5\); give four dimensions"),
    "channels": ({"weight": (16, 4, 3, 3)}, r"for x of 8 channels and groups=1; give it 8 channels"),
    "groups-divide-c": ({"groups": 3}, r"x has C = 8, groups=3; give a positive multiple"),
    "groups-divide-k": (
        {"weight": (15, 4, 3, 3), "groups": 2},
        r"weight has K = 15, groups=2; give a positive multiple",
    ),
    "no-groups": ({"groups": 0}, "groups=0; give a positive integer"),
    "stride": ({"stride": 0}, "stride=0; give a positive integer or a pair"),
    "stride-of-three": ({"stride": (1, 2, 3)}, r"stride=\(1, 2, 3\); give a positive integer or a pair"),
    "stride-of-floats": ({"stride": 1.5}, r"stride=1.5; give a positive integer or a pair"),
    "padding": ({"padding": -1}, "padding=-1; give a non-negative integer or a pair"),
    "padding-word": ({"padding": "full"}, """padding='full'; give an integer, a pair, "same" or "valid\""""),
    "same-with-stride": ({"padding": "same", "stride": 2}, 'padding="same" with stride 2; give stride 1'),
    "dilation": ({"dilation": 0}, "dilation=0; give a positive integer or a pair"),
    "window": ({"weight": (16, 8, 7, 7)}, "a window of 7 x 7 .* is larger than x of 5 x 6"),
    "empty-window": ({"weight": (16, 8, 0, 3)}, "weight has a window of 0 x 3"),
    "no-channels": ({"x": (2, 0, 5, 6), "weight": (16, 0, 3, 3)}, "x has C = 0"),
    "activation": ({"activation": "gelu"}, "activation='gelu'; give None, 'relu', 'tanh' or 'sigmoid'"),
    "bias": ({"bias": (8,)}, r"bias has shape \(8,\); give \(16,\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_errors_name_what_was_given_and_what_to_give(case: str, device: str) -> None:
    changes, message = WRONG[case]
    shapes = {"x": X, "weight": WEIGHT, "bias": (16,)}
    options = {name: value for name, value in changes.items() if name not in shapes}
    tensors = {n: torch.zeros(changes.get(n, shape), device=device) for n, shape in shapes.items()}
    with pytest.raises(ValueError, match=f"conv2d: .*{message}"):
        conv2d(**tensors, **options)


def test_errors_of_dtypes_devices_and_out(device: str) -> None:
    x, weight, bias = operands(device)
    with pytest.raises(ValueError, match=r"x is torch.int32; give float16, bfloat16, float32"):
        conv2d(x.int(), weight.int())
    with pytest.raises(
        ValueError, match=r"x is torch.float32 and weight is torch.float16; give one dtype"
    ):
        conv2d(x, weight.half())
    with pytest.raises(ValueError, match=r"x is on meta"):
        conv2d(x.to("meta"), weight)
    with pytest.raises(ValueError, match=r"weight is a list; give a torch.Tensor"):
        conv2d(x, [1.0])
    with pytest.raises(ValueError, match=r"give \(2, 16, 3, 4\) in torch.channels_last"):
        conv2d(x, weight, out=torch.empty(2, 16, 3, 4, device=device))
    out = torch.empty((2, 16, 3, 4), device=device, memory_format=torch.channels_last)
    with pytest.raises(ValueError, match="out= cannot be differentiated"):
        conv2d(x, weight.requires_grad_(), bias, out=out)
    with torch.no_grad():
        conv2d(x, weight, bias, out=out)


def test_too_large_for_32_bits_is_refused_and_large_batches_are_not() -> None:
    with pytest.raises(ValueError, match="an image of x has 4294967296 elements"):
        Geometry.of((1, 1024, 2048, 2048), (8, 1024, 1, 1))
    with pytest.raises(ValueError, match="one channel of the result over the whole batch"):
        Geometry.of((2**20, 1, 64, 64), (1, 1, 1, 1))
    assert Geometry.of((4096, 64, 224, 224), (64, 64, 3, 3)).pixels < 2**31


def test_a_named_kernel_that_cannot_says_why(device: str) -> None:
    x, weight, _ = operands(device)
    geometry = Geometry.of(x.shape, weight.shape)
    with pytest.raises(
        ValueError,
        match="depthwise-small cannot compute this convolution: depthwise is for groups = C",
    ):
        compute(x, weight, None, geometry, config="depthwise-small")
    with pytest.raises(
        ValueError, match="there is no configuration 'winograd'; give one of pointwise, "
    ):
        compute(x, weight, None, geometry, config="winograd")


@given(
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    window=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.one_of(
        st.tuples(st.integers(0, 4), st.integers(0, 4)), st.sampled_from(["same", "valid"])
    ),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
@settings(max_examples=200, deadline=None)
def test_sizes_are_those_of_torch(size, window, stride, padding, dilation) -> None:
    x = torch.empty(2, 4, *size, device="meta")
    weight = torch.empty(6, 2, *window, device="meta")
    try:
        expected = F.conv2d(x, weight, None, stride, padding, dilation, 2).shape
    except RuntimeError:
        with pytest.raises(ValueError, match="conv2d: "):
            Geometry.of(x.shape, weight.shape, stride, padding, dilation, 2)
    else:
        assert Geometry.of(x.shape, weight.shape, stride, padding, dilation, 2).y_shape == expected


# Layers of well-known networks, batch 64 unless the name says otherwise.
CHOICES = {
    "resnet-3x3-56": (((64, 64, 56, 56), (64, 64, 3, 3), 1, 1), "persistent-256x64"),
    "resnet-3x3-28": (((64, 128, 28, 28), (128, 128, 3, 3), 1, 1), "persistent-256x128"),
    "resnet-3x3-14": (((64, 256, 14, 14), (256, 256, 3, 3), 1, 1), "persistent-128x128"),
    "resnet-3x3-14-batch-256": (((256, 256, 14, 14), (256, 256, 3, 3), 1, 1), "persistent-256x128"),
    "resnet-3x3-7-batch-4": (((4, 512, 7, 7), (512, 512, 3, 3), 1, 1), "persistent-64x64"),
    "resnet-3x3-28-stride-2": (((64, 128, 56, 56), (128, 128, 3, 3), 2, 1), "persistent-256x128"),
    "odd-sides-stride-2": (((64, 128, 57, 57), (128, 128, 3, 3), 2, 1), "tiled-256x128"),
    "resnet-1x1": (((64, 256, 56, 56), (64, 256, 1, 1)), "pointwise"),
    "resnet-1x1-stride-2": (((64, 256, 56, 56), (512, 256, 1, 1), 2), "persistent-256x128"),
    "resnet-stem": (((64, 3, 224, 224), (64, 3, 7, 7), 2, 3), "stem-64"),
    "lenet-stem": (((64, 1, 28, 28), (6, 1, 5, 5), 1, 2), "stem-16"),
    "mobilenet-3x3": (((64, 144, 56, 56), (144, 1, 3, 3), 1, 1, 1, 144), "depthwise-small"),
    "convnext-7x7": (((64, 96, 56, 56), (96, 1, 7, 7), 1, 3, 1, 96), "depthwise-large"),
    "resnext-groups-of-4": (((64, 128, 56, 56), (128, 4, 3, 3), 1, 1, 1, 32), "stem-16"),
    "groups-of-64": (((64, 128, 28, 28), (256, 64, 3, 3), 1, 1, 1, 2), "persistent-256x128"),
    "groups-of-24": (((64, 48, 28, 28), (48, 24, 3, 3), 1, 1, 1, 2), "implicit-32"),
    "deeplab-dilated": (((16, 512, 28, 28), (512, 512, 3, 3), 1, 2, 2), "persistent-256x128"),
    "ten-channels": (((64, 10, 28, 28), (10, 10, 3, 3)), "implicit-32"),
    "hundred-channels": (((64, 100, 28, 28), (100, 100, 3, 3)), "implicit-128"),
}


@pytest.mark.parametrize("layer", CHOICES)
def test_the_kernel_of_well_known_layers(layer: str) -> None:
    arguments, name = CHOICES[layer]
    assert choose(Geometry.of(*arguments), BF16).name == name


def test_the_choice_looks_at_dtype_target_and_alignment() -> None:
    geometry = Geometry.of((64, 128, 28, 28), (128, 128, 3, 3), 1, 1)
    assert choose(geometry, FP32).name == "persistent-128x128-float32"
    assert choose(geometry, BF16, aligned=False).name == "implicit-128"
    assert choose(geometry, BF16, target="sm_80").name == "implicit-128"
    assert choose(geometry, BF16, target="sm_80").num_stages == 2
    assert choose(geometry, torch.float64).name == "implicit-ieee"


def test_float32_in_full_is_what_torch_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = Geometry.of((64, 128, 28, 28), (128, 128, 3, 3), 1, 1)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    assert choose(geometry, FP32).name == "implicit-ieee"
    assert choose(geometry, BF16).name == "persistent-256x128"


def test_unknown_conditions_are_refused() -> None:
    config = configs.Config("odd", "deepkernels.conv2d.direct:direct", {}, 4, 1, {"colour": "red"})
    with pytest.raises(ValueError, match=r"odd has unknown conditions \['colour'\]"):
        choice._fits(config, Geometry.of((1, 1, 1, 1), (1, 1, 1, 1)), BF16)


def test_pointer_kernels_have_four_warps() -> None:
    # Triton is known to compile their loop over (r, s, c) wrongly with eight.
    warps = {
        c.num_warps
        for c in configs.load("conv2d")
        if not c.kernel.startswith("deepkernels.conv2d.tma")
    }
    assert warps == {0, 4}


GRADIENTS = {
    "3x3-relu": ((2, 8, 5, 6), (16, 8, 3, 3), {"padding": 1, "activation": "relu"}),
    "stride-2-tanh": ((2, 8, 5, 6), (16, 8, 3, 3), {"stride": 2, "activation": "tanh"}),
    "depthwise-sigmoid": ((1, 6, 5, 4), (6, 1, 3, 3), {"groups": 6, "activation": "sigmoid"}),
    "1x1": ((2, 8, 3, 4), (16, 8, 1, 1), {}),
    "same-even-window": ((1, 4, 5, 4), (8, 4, 2, 4), {"padding": "same"}),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_agree_with_float64(name: str, device: str) -> None:
    x_shape, weight_shape, options = GRADIENTS[name]
    activation = options.get("activation")
    leaves = operands(device, x_shape, weight_shape, grad=True)
    y = conv2d(*leaves, **options)
    dy = normal(*y.shape, device=device)
    got = torch.autograd.grad(y, leaves, dy)
    copies = [leaf.requires_grad_() for leaf in wide(*leaves)]
    reference = F.conv2d(*copies, **{k: v for k, v in options.items() if k != "activation"})
    reference = reference if activation is None else getattr(torch, activation)(reference)
    wanted = torch.autograd.grad(reference, copies, *wide(dy))
    terms = max(y[:, 0].numel(), y.shape[1] * 9)
    for what, ours, theirs in zip(("dx", "dweight", "dbias"), got, wanted, strict=True):
        assert_close(ours, theirs, terms=terms, what=f"{name}: {what}", precision=precision(device))


def test_only_what_is_needed_is_computed(device: str) -> None:
    x, weight, bias = operands(device)
    y = conv2d(x, weight.requires_grad_(), bias)
    (dweight,) = torch.autograd.grad(y.sum(), [weight])
    assert dweight.shape == weight.shape


@pytest.mark.parametrize("activation", [None, "tanh"])
def test_gradcheck_in_float64(activation: str | None, device: str) -> None:
    if device == "cuda":
        pytest.skip("kernels take float64 in the interpreter only")
    leaves = operands(device, (1, 2, 3, 3), (2, 2, 2, 2), torch.float64, grad=True)
    assert torch.autograd.gradcheck(
        lambda *tensors: conv2d(*tensors, padding=(1, 0), activation=activation),
        leaves,
        fast_mode=True,
    )


def test_deterministic_reaches_the_gradient_of_the_weight(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepkernels.conv2d import autograd

    asked = []

    def wgrad(dy, x, geometry, deterministic=False):
        asked.append(deterministic)
        return torch.zeros(geometry.weight_shape, device=x.device)

    monkeypatch.setattr(autograd, "wgrad", wgrad)
    x, weight, _ = operands(device)
    weight.requires_grad_()
    conv2d(x, weight).sum().backward()
    conv2d(x, weight, deterministic=True).sum().backward()
    torch.use_deterministic_algorithms(True)
    try:
        conv2d(x, weight).sum().backward()
    finally:
        torch.use_deterministic_algorithms(False)
    assert asked == [False, True, True]


OPCHECKS = {
    "plain": ([3, 4], [1, 1], [0, 0], [1, 1], 1, "none", False),
    "relu-stride-2": ([3, 3], [2, 2], [1, 1], [1, 1], 1, "relu", True),
}


@pytest.mark.parametrize("name", OPCHECKS)
def test_opcheck(name: str, device: str) -> None:
    leaves = operands(device, grad=True)
    torch.library.opcheck(_conv2d, (*leaves, *OPCHECKS[name]))


def test_opcheck_of_the_activation(device: str) -> None:
    dy, y = normal(2, 4, 3, 2, device=device), normal(2, 4, 3, 2, device=device)
    torch.library.opcheck(activation_backward, (dy, y, "relu"))


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
def test_compiles_without_graph_breaks(dynamic: bool, device: str) -> None:
    leaves = operands(device, grad=True)

    def network(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return conv2d(x, weight, bias, stride=(2, 1), padding=1, activation="relu").square().sum()

    expected = torch.autograd.grad(network(*leaves), leaves)
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager", dynamic=dynamic)
    got = torch.autograd.grad(compiled(*leaves), leaves)
    for ours, theirs in zip(got, expected, strict=True):
        assert_close(ours, theirs.detach().cpu().double(), terms=72, precision=precision(device))
