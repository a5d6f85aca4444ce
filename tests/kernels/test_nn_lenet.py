"""LeNet-5, the same definition on PyTorch and on our kernels: one training step, and the engine that trains it."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from deepkernels import nn
from deeplearning import engines
from deeplearning.models.lenet import lenet5
from deeplearning.training import fit
from kernel_comparison import assert_close, normal

GPU = torch.cuda.is_available()
BATCH = 2
# Rounding of one layer is the next one's input, down to the first layer's gradient, which adds up all pixels.
TERMS = 28 * 28 * BATCH


@pytest.mark.parametrize(("activation", "pooling"), [("tanh", "avg"), ("relu", "max")])
def test_one_training_step(activation: str, pooling: str, device: str) -> None:
    theirs = lenet5(activation, pooling, nn=torch.nn).double()
    ours = lenet5(activation, pooling, nn=nn).to(device)
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())  # both start from the numbers that float32 can hold
    images, labels = normal(BATCH, 1, 28, 28), torch.tensor([3, 9])
    losses = {}
    for name, network, namespace, x, y in (
        ("ours", ours, nn, images.to(device), labels.to(device)),
        ("theirs", theirs, torch.nn, images.double(), labels),
    ):
        loss, optimiser = (
            namespace.CrossEntropyLoss(),
            torch.optim.SGD(network.parameters(), lr=0.1),
        )
        before = loss(network(x), y)
        before.backward()
        optimiser.step()
        losses[name] = before.detach(), loss(network(x), y).detach()
    precision = "tf32" if GPU and torch.backends.cudnn.allow_tf32 else "ieee"
    assert losses["theirs"][1] < losses["theirs"][0]
    for when, got, expected in zip(
        ("before", "after"), losses["ours"], losses["theirs"], strict=True
    ):
        assert_close(got, expected, TERMS, f"loss {when}", precision)
    wanted = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        assert_close(parameter.grad, wanted[name].grad, TERMS, f"gradient of {name}", precision)
        assert_close(parameter, wanted[name].detach(), TERMS, name, precision)


def test_the_engine_trains_like_pytorch() -> None:
    generator = np.random.default_rng(0)
    x = generator.standard_normal((4, 1, 28, 28)).astype(np.float32)
    y = generator.integers(0, 10, 4)
    start, history = None, {}
    for name in ("torch", "kernels"):
        engine = engines.get(name)
        engine.manual_seed(0)
        model = lenet5(nn=engine.nn)
        model = model.cuda() if name == "kernels" and GPU else model
        if start is None:
            start = engine.state(model)
        engine.load(model, start)
        optimizer = engine.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        history[name] = fit(
            model, (x, y), engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
            epochs=1, batch_size=2, seed=0,
        ).train_loss  # fmt: skip
    # The second batch sees what the first one's gradients changed. Float32 rounding through two steps; TF32
    # convolutions on a GPU round a thousand times more coarsely.
    np.testing.assert_allclose(history["kernels"], history["torch"], rtol=1e-2 if GPU else 1e-5)


def test_the_engine_is_named_after_its_device(device: str) -> None:
    engine = engines.get("kernels")
    assert engine.name == ("kernels:cuda" if GPU else "kernels")
    assert engine.nn is nn
    assert engine.optim is torch.optim
    assert engine.tensor(np.zeros(2)).device.type == device
    assert "kernels" not in engines.names()


@pytest.mark.skipif(GPU, reason="about the interpreter")
def test_no_gpu_in_the_interpreter() -> None:
    assert engines.get("kernels:cpu").name == "kernels"
    with pytest.raises(
        ValueError, match="'kernels:cuda' in Triton's interpreter, which runs on the CPU"
    ):
        engines.get("kernels:cuda")


@pytest.mark.skipif(GPU, reason="about machines without a GPU")
@pytest.mark.parametrize("name", ["kernels:cpu", "kernels"])
def test_neither_gpu_nor_interpreter(name: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    code = f"from deeplearning import engines; engines.get({name!r})"
    room = os.path.dirname(os.path.dirname(nn.__file__))
    environment["PYTHONPATH"] = os.pathsep.join([room, *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    message = done.stderr.strip().splitlines()[-1]
    if name == "kernels":
        assert message.startswith("ValueError: engines.get: PyTorch cannot compute on 'cuda'")
    else:
        assert "no kernel runs on" in message
        assert "or set TRITON_INTERPRET=1 before Python starts" in message


@pytest.mark.parametrize("package", ["triton", "deepkernels"])
def test_a_package_is_missing(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else find(name)
    )
    with pytest.raises(ModuleNotFoundError, match=f"the engine 'kernels' needs {package}"):
        engines.get("kernels")
