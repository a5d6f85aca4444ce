"""The variational autoencoder, written once for every engine, and the bounds that it gives."""

from typing import Any

import numpy as np

from deeplearning import nn as own_nn
from deeplearning.engines import Engine
from deeplearning.models.bernoulli_mixture import log_sum_exp
from deeplearning.models.mlp import mlp
from deeplearning.models.pixel_cnn import masked_conv2d

SIDE = 28  # pixels of a picture, where the decoder looks back


def vae(
    pixels: int = 784, hidden: int = 400, latent: int = 20, look_back: int = 0, nn: Any = own_nn
) -> Any:
    r"""Make a variational autoencoder :cite:`kingma2014,rezende2014` for pictures of zeros and ones.

    ``encode(x)`` gives the mean :math:`\boldsymbol\mu` and the logarithm of the variance
    :math:`\ln \boldsymbol\sigma^2` of the code's distribution :math:`q(\mathbf{z} \mid \mathbf{x})`;
    ``decode(z)`` the scores of the pixels, :math:`p(x_d = 1 \mid \mathbf{z}) = \sigma(s_d)`. Called as
    ``model(x, noise)`` it returns scores, mean and log-variance for the code
    :math:`\mathbf{z} = \boldsymbol\mu + \boldsymbol\sigma \odot \boldsymbol\epsilon`. The noise is passed in: the
    network itself draws nothing.

    x (N, pixels), noise and codes (N, latent). Each half is a multi-layer perceptron with one hidden layer of ReLUs.
    With ``look_back`` k, an odd number, each pixel is also told the earlier ones within a square of k × k around it,
    through a causal convolution of 8 maps, and ``decode(z, x)`` needs the picture: 784 pixels then. ``ValueError``
    for a number that is not positive, or a ``look_back`` that does not fit.

    >>> from deeplearning.autograd import zeros
    >>> model = vae(latent=2)
    >>> [part.shape for part in model(zeros(5, 784), zeros(5, 2))]
    [(5, 784), (5, 2), (5, 2)]
    """
    if min(pixels, hidden, latent) < 1:
        raise ValueError(
            f"vae: pixels={pixels}, hidden={hidden}, latent={latent}; give positive integers"
        )
    if look_back and (look_back % 2 == 0 or look_back < 0 or pixels != SIDE * SIDE):
        raise ValueError(
            f"vae: look_back={look_back} with {pixels} pixels; give an odd number, or 0 for none, "
            f"and {SIDE * SIDE} pixels"
        )

    class VAE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU())
            self.mean = nn.Linear(hidden, latent)
            self.log_var = nn.Linear(hidden, latent)
            self.decoder = mlp([latent, hidden, pixels], "relu", nn)
            if look_back:
                before = masked_conv2d(nn)(1, 8, look_back, own=False)
                self.before = nn.Sequential(before, nn.ReLU(), nn.Conv2d(8, 1, 1))

        def encode(self, x: Any) -> tuple[Any, Any]:
            h = self.encoder(x)  # (N, hidden)
            return self.mean(h), self.log_var(h)

        def decode(self, z: Any, x: Any = None) -> Any:
            scores = self.decoder(z)  # (N, pixels)
            if look_back:
                if x is None:
                    raise ValueError(
                        "VAE: decode(z) without the pictures whose earlier pixels look_back asks for; give decode(z, x)"
                    )
                seen = self.before(x.reshape(-1, 1, SIDE, SIDE))  # (N, 1, 28, 28)
                scores = scores + seen.reshape(-1, pixels)
            return scores

        def forward(self, x: Any, noise: Any) -> tuple[Any, Any, Any]:
            mean, log_var = self.encode(x)
            z = mean + (log_var * 0.5).exp() * noise
            return self.decode(z, x), mean, log_var

    return VAE()


def kl_divergence(mean: Any, log_var: Any) -> Any:
    r"""Return how far the code's distribution is from the standard normal one, in nats, for each unit (N, latent).

    :math:`\mathrm{KL}\bigl(\mathcal{N}(\mu, \sigma^2) \,\|\, \mathcal{N}(0, 1)\bigr)
    = \tfrac12 (\mu^2 + \sigma^2 - \ln \sigma^2 - 1)`, never negative, 0 for the standard normal itself.

    >>> from deeplearning.autograd import zeros
    >>> kl_divergence(zeros(1, 2), zeros(1, 2)).tolist()
    [[0.0, 0.0]]
    """
    return 0.5 * (mean * mean + log_var.exp() - log_var - 1.0)


def negative_elbo(model: Any, x: Any, noise: Any, nn: Any = own_nn) -> Any:
    r"""Return what training lowers: minus the evidence lower bound, in nats a picture, one draw of the code for each.

    :math:`-\mathrm{ELBO} = -\ln p(\mathbf{x} \mid \mathbf{z})
    + \mathrm{KL}\bigl(q(\mathbf{z} \mid \mathbf{x}) \,\|\, p(\mathbf{z})\bigr)`, the mean over x (N, pixels);
    noise (N, latent) :cite:`kingma2014`.
    """
    scores, mean, log_var = model(x, noise)
    wrong = nn.functional.binary_cross_entropy_with_logits(scores, x, reduction="sum")
    return (wrong + kl_divergence(mean, log_var).sum()) / len(x)


def log_weights(model: Any, x: np.ndarray, noise: np.ndarray, engine: Engine) -> np.ndarray:
    r"""Return :math:`\ln w = \ln p(\mathbf{x}, \mathbf{z}) - \ln q(\mathbf{z} \mid \mathbf{x})` of drawn codes, (K, N).

    x (N, pixels), noise (K, N, latent), one code for each. The mean of w over many draws is p(x); the mean of ln w is
    the evidence lower bound. With the constants of the two normal densities cancelled,
    :math:`\ln p(\mathbf{z}) - \ln q(\mathbf{z} \mid \mathbf{x})
    = \tfrac12 \sum_j (\epsilon_j^2 + \ln \sigma_j^2 - z_j^2)`.
    """
    rows = []
    cost = engine.nn.functional.binary_cross_entropy_with_logits
    with engine.no_grad():
        pictures = engine.tensor(x)
        mean, log_var = model.encode(pictures)
        for epsilon in map(engine.tensor, noise):
            z = mean + (log_var * 0.5).exp() * epsilon
            # −ln p(x | z), then ln p(z) − ln q(z | x)
            wrong = cost(model.decode(z, pictures), pictures, reduction="none").sum(1)
            rest = 0.5 * (epsilon * epsilon + log_var - z * z).sum(1)
            rows.append(engine.to_numpy(rest - wrong))
    return np.stack(rows)


def importance_bound(weights: np.ndarray, draws: int) -> np.ndarray:
    r"""Return the bound on ln p(x) by groups of ``draws`` codes, (N,), from the log-weights (K, N).

    :math:`\mathcal{L}_K = \mathbb{E}\bigl[\ln \tfrac1K \sum_{k=1}^{K} w_k\bigr]`; one draw is the evidence lower
    bound, and more draws never lower it :cite:`burda2016`. K must be a multiple of ``draws`` (``ValueError``); the
    mean over the groups is returned.

    >>> weights = np.log(np.array([[1.0], [3.0]]))
    >>> importance_bound(weights, 1).round(3).tolist(), importance_bound(weights, 2).round(3).tolist()
    ([0.549], [0.693])
    """
    if draws < 1 or len(weights) % draws:
        raise ValueError(
            f"importance_bound: draws={draws} of {len(weights)}; give a number that divides them"
        )
    groups = weights.reshape(-1, draws, weights.shape[1])
    bounds: np.ndarray = (log_sum_exp(groups, 1) - np.log(draws)).mean(axis=0)
    return bounds


def active_units(means: np.ndarray, least: float = 0.01) -> np.ndarray:
    r"""Return which units of the code say anything, (latent,): the encoder's mean varies from picture to picture.

    A unit is active if :math:`\operatorname{Var}_{\mathbf{x}}[\mu_j(\mathbf{x})]` is above ``least``; means
    (N, latent). A unit that the decoder ignores is left at the standard normal for every picture :cite:`burda2016`.

    >>> active_units(np.array([[0.0, 1.0], [0.001, -1.0]])).tolist()
    [False, True]
    """
    return np.asarray(means).var(axis=0) > least
