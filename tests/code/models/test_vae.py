"""The variational autoencoder: one definition, two engines; and its bounds against an integral over all codes."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from comparison import assert_close
from deeplearning import engines
from deeplearning.autograd import gradcheck, tensor
from deeplearning.models.vae import (
    active_units,
    importance_bound,
    kl_divergence,
    log_weights,
    negative_elbo,
    vae,
)

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")
RNG = np.random.default_rng(0)


def ink(*shape: int) -> np.ndarray:
    return (RNG.random(shape) < 0.4).astype(np.float32)


def test_parameters_and_their_names() -> None:
    shapes = {name: tuple(p.shape) for name, p in vae(nn=torch.nn).named_parameters()}
    assert shapes["encoder.0.weight"] == (400, 784)
    assert shapes["mean.weight"] == shapes["log_var.weight"] == (20, 400)
    assert shapes["decoder.0.weight"] == (400, 20)
    assert shapes["decoder.2.weight"] == (784, 400)
    more = {name for name, _ in vae(look_back=5, nn=torch.nn).named_parameters()} - set(shapes)
    assert more == {f"before.{n}" for n in ("0.weight", "0.bias", "2.weight", "2.bias")}


@pytest.mark.parametrize("source", ["numpy", "torch"])
@pytest.mark.parametrize("look_back", [0, 3])
def test_weights_move_and_every_gradient_agrees(source: str, look_back: int) -> None:
    pixels = 784 if look_back else 12
    own, theirs = (vae(pixels, 6, 3, look_back, nn=e.nn) for e in (NUMPY, TORCH))
    if source == "numpy":
        TORCH.load(theirs, NUMPY.state(own))
    else:
        NUMPY.load(own, TORCH.state(theirs))
    x, noise = ink(4, pixels), RNG.normal(size=(4, 3)).astype(np.float32)
    values, gradients = [], []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        value = negative_elbo(model, engine.tensor(x), engine.tensor(noise), engine.nn)
        value.backward()
        values.append(np.float32(value.item()))
        gradients.append({n: engine.to_numpy(p.grad) for n, p in model.named_parameters()})
    assert_close(*values, length=4 * pixels)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert_close(gradient, gradients[1][name], length=4 * pixels, name=name)


def test_divergence_is_the_integral_that_it_stands_for() -> None:
    for mean, log_var in ((0.0, 0.0), (1.3, -0.7), (-0.4, 0.5)):
        q, p = stats.norm(mean, np.exp(log_var / 2)), stats.norm()
        expected, _ = integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), -12, 12)  # noqa: B023
        found = kl_divergence(tensor([mean], dtype=np.float64), tensor([log_var], dtype=np.float64))
        assert found.item() == pytest.approx(expected, abs=1e-8)


def test_divergence_has_the_right_gradient() -> None:
    mean, log_var = (tensor(RNG.normal(size=(2, 3)), requires_grad=True) for _ in range(2))
    assert gradcheck(lambda m, v: kl_divergence(m, v).sum(), (mean, log_var))


def small(seed: int = 3) -> Any:
    """A VAE with one unit of code, not trained, whose weights are large enough to matter."""
    TORCH.manual_seed(seed)
    model = vae(5, 4, 1, nn=TORCH.nn)
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(3)
    return model


def by_integral(model: Any, x: np.ndarray) -> np.ndarray:
    """ln p(x) = ln ∫ p(z) Π p(x_d | z) dz by the trapezium rule, in float64, from the decoder's weights alone."""
    state = {name: value.astype(np.float64) for name, value in TORCH.state(model).items()}
    z = np.linspace(-9, 9, 4001)
    h = np.maximum(z[:, None] @ state["decoder.0.weight"].T + state["decoder.0.bias"], 0)
    p = 1 / (1 + np.exp(-(h @ state["decoder.2.weight"].T + state["decoder.2.bias"])))
    found = [
        integrate.trapezoid(stats.norm.pdf(z) * np.where(row > 0, p, 1 - p).prod(axis=1), z)
        for row in x
    ]
    return np.log(found)


def test_bounds_rise_to_the_exact_likelihood() -> None:
    model, x = small(), ink(6, 5)
    noise = np.random.default_rng(1).normal(size=(100, 1200, 1)).astype(np.float32)
    # Every picture 200 times at once: 20,000 codes for each.
    weights = log_weights(model, np.repeat(x, 200, axis=0), noise, TORCH).astype(np.float64)
    weights = weights.reshape(100, 6, 200).transpose(0, 2, 1).reshape(20_000, 6)
    exact = by_integral(model, x)
    elbo, five, fifty, most = (importance_bound(weights, k) for k in (1, 5, 50, 20_000))
    error = weights.std(axis=0) / np.sqrt(len(weights))
    assert (elbo < five).all()
    assert (five < fifty).all()
    assert (elbo + 5 * error < exact).all()
    assert (fifty < exact + 5 * error).all()
    np.testing.assert_allclose(most, exact, atol=0.02)
    # The evidence lower bound once more, as the loss has it: reconstruction and divergence.
    with torch.no_grad():
        many = torch.tensor(np.repeat(x[:1], 5000, axis=0))
        fresh = torch.tensor(RNG.normal(size=(5000, 1)).astype(np.float32))
        loss = negative_elbo(model, many, fresh, torch.nn)
    assert -loss.item() == pytest.approx(elbo[0], abs=5 * 2.3 * error[0])


def test_equal_on_both_engines_and_with_the_same_noise() -> None:
    theirs = small()
    own = vae(5, 4, 1, nn=NUMPY.nn)
    NUMPY.load(own, TORCH.state(theirs))
    x, noise = ink(3, 5), RNG.normal(size=(4, 3, 1)).astype(np.float32)
    assert_close(log_weights(own, x, noise, NUMPY), log_weights(theirs, x, noise, TORCH), length=40)


def test_a_decoder_that_looks_back_does_not_look_ahead() -> None:
    TORCH.manual_seed(0)
    model = vae(784, 4, 2, 5, nn=TORCH.nn)
    x = torch.zeros(1, 784, requires_grad=True)
    place = 10 * 28 + 10
    model.decode(torch.zeros(1, 2), x)[0, place].backward()
    seen = {divmod(int(n), 28) for n in torch.nonzero(x.grad[0])[:, 0]}
    before = {(i, j) for i in range(8, 13) for j in range(8, 13) if i * 28 + j < place}
    assert seen <= before
    assert len(seen) > 6


def test_units_that_say_something() -> None:
    means = np.stack([RNG.normal(size=100), np.full(100, 2.0), 0.05 * RNG.normal(size=100)], axis=1)
    assert active_units(means).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"latent": 0}, "latent=0; give positive integers"),
        ({"look_back": 4}, "look_back=4 with 784 pixels; give an odd number"),
        ({"look_back": 3, "pixels": 10}, "look_back=3 with 10 pixels"),
    ],
)
def test_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        vae(**{"nn": torch.nn} | arguments)


def test_a_decoder_that_looks_back_needs_the_picture() -> None:
    with pytest.raises(ValueError, match=r"give decode\(z, x\)"):
        vae(784, 4, 2, 3, nn=TORCH.nn).decode(torch.zeros(1, 2))


def test_groups_that_do_not_come_out_even() -> None:
    with pytest.raises(ValueError, match="draws=3 of 4; give a number that divides them"):
        importance_bound(np.zeros((4, 2)), 3)
