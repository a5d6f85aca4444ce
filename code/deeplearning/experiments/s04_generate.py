"""S4: networks that draw digits: how likely they find real ones, and whether theirs can be read.

MNIST, each pixel set to 0 or 1 once, by chance, with its grey value as the probability. Likelihoods are of test
pictures, in nats each, and less is better. ``simple`` fits three models without a network: independent pixels, a
mixture of ``components`` Bernoullis (expectation maximisation), and the memory of all training pictures with a share
``flip`` of pixels flipped. ``vae`` is a variational autoencoder with ``latent`` units of code; its number is a bound:
minus the mean evidence lower bound. ``pixelcnn`` writes pixel after pixel, and its number is exact.

Each draws ``samples`` pictures. A LeNet-5 that was trained on grey digits (the book's bundled reader, with "no digit"
as its eleventh answer) reads them: it is sure of a picture where it gives one digit 0.9 or more. Beside that: pixels
that differ from all neighbours, the distance to the nearest training picture, and how often a small convolutional
network, trained for it, tells drawn from real.

What goes wrong: ``plane``, a code of two units, where the exact likelihood follows from a fine grid of codes and the
bounds can be compared with it; ``units``, the number of active units by size of the code; ``back``, a decoder that is
also told the neighbouring earlier pixels; ``fashion``, a VAE of clothes that is shown digits. The last three learn from
``some_images``.

Two things were looked at beforehand, with ``validation``: training on the first 50,000 training images, judged on the
last 10,000. Of the PixelCNN, after 48,000 pictures, whether its taps lie side by side (92.7 nats on 1,000 pictures) or
are spread out (89.0). And, with seed 100, one run of ``simple`` and of ``vae`` with 18 epochs. Nothing was searched
for beyond that; sizes and epochs are what the budget of time allowed. The criterion was written when the pictures of
the models without a net had been read, and before those of the two nets had.

Pictures, as rows of bits or of grey levels packed into integers, are kept of seed 0; zeros stand for the others.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.data.binarise import binarised
from deeplearning.engines.bfloat16 import InBfloat16
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.bernoulli_mixture import (
    CLOSE,
    BernoulliMixture,
    fit_mixture,
    log_sum_exp,
    memory,
)
from deeplearning.models.lenet import lenet5
from deeplearning.models.pixel_cnn import draw, log_likelihood, pixel_cnn
from deeplearning.models.pretrained import digit_reader
from deeplearning.models.vae import (
    active_units,
    importance_bound,
    kl_divergence,
    log_weights,
    negative_elbo,
    vae,
)
from deeplearning.training import fit, predict
from deeplearning.training.sample_metrics import nearest, specks, two_sample_accuracy

CASES = ("simple", "pixelcnn", "vae", "units", "back", "plane", "fashion")
NETS = ("vae", "pixelcnn")
SIMPLE = ("independent", "mixture", "memory")
DRAWING = 28  # the seed of the one draw that makes pictures black and white
SURE = 0.9  # the least probability of one digit
AHEAD = 10.0  # nats a picture, the least lead over the best simple model
READ = 0.5  # the least share of a net's pictures of which the reader is sure
EACH = 0.04  # the least share of each digit among those
SIDE, PIXELS = 28, 784

TORCH = engines.get("torch")


@dataclass(frozen=True)
class Config:
    components: int = 200
    rounds: int = 10  # of expectation maximisation
    flip: float = 0.04
    hidden: int = 400
    latent: int = 20
    epochs: int = 12  # of the VAE
    batch_size: int = 200
    rate: float = 0.003  # the highest of one cycle
    draws: tuple[int, ...] = (1, 5, 50, 500)  # of the importance-weighted bounds
    bound_images: int = 400
    width: int = 32
    dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 4)
    pixel_epochs: int = 1
    pixel_batch: int = 32
    pixel_rate: float = 0.004
    plane_epochs: int = 6
    grid: float = 0.04  # between the codes of the grid, which reaches from -5 to 5
    grid_images: int = 200
    latents: tuple[int, ...] = (2, 5, 10, 20, 40)
    look_backs: tuple[int, ...] = (3, 7)
    some_images: int = 12_000
    some_epochs: int = 8
    samples: int = 800
    shown: int = 24
    images: int = 60_000
    test_images: int = 10_000
    validation: bool = False

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            components=3, rounds=1, hidden=8, latent=2, epochs=1, draws=(1, 2), bound_images=4, width=2, dilations=(1,),
            pixel_epochs=1, plane_epochs=1, grid=2.5, grid_images=2, latents=(2,), look_backs=(3,), some_images=64,
            some_epochs=1, samples=24, images=96, test_images=48,
        )  # fmt: skip


@lru_cache(maxsize=2)
def black_and_white(name: str, images: int, test_images: int) -> data.Split:
    """The first digits or clothes as rows of 784 zeros and ones, made once a process."""
    grey = data.mnist(flat=True) if name == "digits" else data.fashion_mnist(flat=True)
    part = dataclasses.replace(
        grey, train_x=grey.train_x[:images], train_y=grey.train_y[:images],
        test_x=grey.test_x[:test_images], test_y=grey.test_y[:test_images],
    )  # fmt: skip
    return binarised(part, DRAWING)


def material(config: Config, name: str = "digits") -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, 784) to learn from, and those to judge by."""
    split = black_and_white(name, config.images, config.test_images)
    if config.validation:
        return split.train_x[:50_000], split.train_x[50_000:]
    return split.train_x, split.test_x


def packed(pictures: np.ndarray, bits: int = 1) -> list[list[int]]:
    """Pack values in [0, 1], row by row, into integers of at most 51 bits; ``unpacked`` of the figures undoes it."""
    flat = np.asarray(pictures).reshape(len(pictures), -1)
    levels = np.rint(flat * (2**bits - 1)).astype(np.int64)
    each = SIDE if bits == 1 else 51 // bits
    starts = range(0, flat.shape[1], each)
    return [
        [sum(int(v) << (bits * n) for n, v in enumerate(row[s : s + each])) for s in starts]
        for row in levels
    ]


def for_seed(seed: int, values: list) -> list:
    """Keep what is only drawn for seed 0, and zeros in its place elsewhere."""
    return values if seed == 0 else np.zeros(np.shape(values), int).tolist()


# Judging pictures


def told_apart(drawn: np.ndarray, real: np.ndarray, seed: int) -> float:
    """Train LeNet-5 on three quarters of each to tell drawn pictures (N, 784) from real ones; the rest judges it."""
    cut = 3 * len(drawn) // 4
    x = np.concatenate([drawn, real]).reshape(-1, 1, SIDE, SIDE)
    y = np.repeat([1, 0], [len(drawn), len(real)])
    learns = np.tile(np.arange(len(drawn)) < cut, 2)
    TORCH.manual_seed(seed)
    judge = lenet5("relu", "max", classes=2, nn=TORCH.nn)
    fit(
        judge, (x[learns], y[learns]), engine=TORCH, optimizer=TORCH.optim.Adam(judge.parameters(), lr=0.002),
        loss=TORCH.nn.CrossEntropyLoss(), epochs=4, batch_size=50, seed=seed,
    )  # fmt: skip
    scores = predict(judge, x[~learns], TORCH)
    return two_sample_accuracy(scores[:, 1] - scores[:, 0], y[~learns] == 1)


def read(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The digit that the bundled LeNet-5 reads in each picture (N, 784), and the probability that it gives it."""
    scores = predict(digit_reader(TORCH.nn), pictures.reshape(-1, 1, SIDE, SIDE), TORCH)
    shares = np.exp(scores - log_sum_exp(scores, 1)[:, None])[:, :10]
    return shares.argmax(axis=1), shares.max(axis=1)


def judged(config: Config, name: str, drawn: np.ndarray, seed: int) -> dict[str, Any]:
    """What can be said of pictures (N, 784) without looking at them."""
    train, test = material(config)
    digit, share = read(drawn)
    sure = share >= SURE
    values: dict[str, Any] = {
        f"sure_{name}": float(sure.mean()),
        f"classes_{name}": (np.bincount(digit[sure], minlength=10) / max(sure.sum(), 1)).tolist(),
        f"specks_{name}": float(specks(drawn.reshape(-1, SIDE, SIDE)).mean()),
        f"nearest_{name}": float(nearest(drawn, train)[1].mean()),
    }
    if name != "test":
        real = test[-len(drawn) :]
        values[f"told_apart_{name}"] = told_apart(drawn, real, seed)
    return values


def undecided(means: np.ndarray) -> float:
    """How many of a picture's pixels have a probability between 0.1 and 0.9."""
    between = (means > 0.1) & (means < 0.9)
    return float(between.reshape(len(means), -1).sum(axis=1).mean())


# The models


def simple(config: Config, seed: int) -> dict[str, Any]:
    train, test = material(config)
    rng = np.random.default_rng([4, seed])
    one = BernoulliMixture(np.ones(1), np.clip(train.mean(axis=0), CLOSE, 1 - CLOSE)[None])
    models = {
        "independent": one,
        "mixture": fit_mixture(train, config.components, rng, config.rounds),
        "memory": memory(train, config.flip),
    }
    values = judged(config, "test", test[: config.samples], seed)
    split = black_and_white("digits", config.images, config.test_images)
    labels = split.train_y[50_000:] if config.validation else split.test_y
    values["right_test"] = float((read(test)[0] == labels).mean())
    for name, model in models.items():
        some = test if name != "memory" else test[: config.bound_images]
        values[f"nats_{name}"] = float(-model.log_prob(some).mean())
        drawn, means = model.sample(config.samples, rng)
        values |= judged(config, name, drawn, seed)
        values[f"undecided_{name}"] = undecided(means)
        values[f"pictures_{name}"] = for_seed(seed, packed(drawn[: config.shown]))
    return values


def train_vae(
    config: Config, seed: int, x: np.ndarray, epochs: int, latent: int, look_back: int = 0
) -> Any:
    TORCH.manual_seed(seed)
    model = vae(PIXELS, config.hidden, latent, look_back, nn=TORCH.nn)
    optimizer = TORCH.optim.Adam(model.parameters(), lr=config.rate, fused=True)
    steps = epochs * -(-len(x) // config.batch_size)
    cycle = TORCH.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=config.rate, total_steps=steps)
    rng = np.random.default_rng([5, seed])
    for _ in range(epochs):
        for pictures, _same in data.batches(x, x, config.batch_size, rng):
            noise = rng.standard_normal((len(pictures), latent), np.float32)
            optimizer.zero_grad()
            loss = negative_elbo(model, TORCH.tensor(pictures), TORCH.tensor(noise), TORCH.nn)
            loss.backward()
            optimizer.step()
            cycle.step()
    return model


def code(model: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and log-variances of the codes of pictures, each (N, latent)."""
    with TORCH.no_grad():
        mean, log_var = model.encode(TORCH.tensor(x))
    return TORCH.to_numpy(mean), TORCH.to_numpy(log_var)


def decoded(model: Any, z: np.ndarray) -> np.ndarray:
    """Probabilities of the pixels, (N, 784), for codes (N, latent)."""
    with TORCH.no_grad():
        return TORCH.to_numpy(model.decode(TORCH.tensor(z.astype(np.float32))).sigmoid())


def bounds(model: Any, x: np.ndarray, draws: int, latent: int, seed: int) -> np.ndarray:
    """Log-weights of drawn codes, (draws, N)."""
    noise = np.random.default_rng([6, seed]).standard_normal((draws, len(x), latent), np.float32)
    return log_weights(model, x, noise, TORCH)


def autoencoder(config: Config, seed: int) -> dict[str, Any]:
    train, test = material(config)
    rng = np.random.default_rng([7, seed])
    model = train_vae(config, seed, train, config.epochs, config.latent)
    weights = bounds(model, test[: config.bound_images], max(config.draws), config.latent, seed)
    mean, log_var = code(model, test)
    drawn_means = decoded(model, rng.standard_normal((config.samples, config.latent)))
    drawn = (rng.random(drawn_means.shape) < drawn_means).astype(np.float32)
    _, other = material(config, "fashion")
    elbo = bounds(model, test, 1, config.latent, seed)[0]
    strange = bounds(model, other[: config.bound_images], 1, config.latent, seed)[0]
    ends, steps = mean[:6].reshape(3, 2, -1), np.linspace(0, 1, 8)
    between = np.concatenate([a + (b - a) * steps[:, None] for a, b in ends])
    return judged(config, "vae", drawn, seed) | {
        "nats_vae": float(-elbo.mean()),
        "nats_bounds": [float(-importance_bound(weights, k).mean()) for k in config.draws],
        "kl_vae": float(kl(mean, log_var).sum()),
        "sure_means": float((read(drawn_means)[1] >= SURE).mean()),
        "undecided_vae": undecided(drawn_means),
        "strange_clothes": ahead(elbo[: config.bound_images], strange),
        "pictures_vae": for_seed(seed, packed(drawn[: config.shown])),
        "pictures_means": for_seed(seed, packed(drawn_means[:16], 3)),
        "pictures_between": for_seed(seed, packed(decoded(model, between), 3)),
    }


def kl(mean: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """The mean divergence of each unit over pictures, (latent,), in nats."""
    values = kl_divergence(TORCH.tensor(mean), TORCH.tensor(log_var))
    return TORCH.to_numpy(values).mean(axis=0)


def ahead(a: np.ndarray, b: np.ndarray) -> float:
    """How often a number of a is above one of b, over all pairs."""
    return float((a[:, None] > b).mean())


def pixels(config: Config, seed: int) -> dict[str, Any]:
    train, test = material(config)
    x = train.reshape(-1, 1, SIDE, SIDE)
    TORCH.manual_seed(seed)
    model = pixel_cnn(config.width, config.dilations, nn=TORCH.nn)
    optimizer = TORCH.optim.Adam(model.parameters(), lr=config.pixel_rate, fused=True)
    steps = config.pixel_epochs * -(-len(x) // config.pixel_batch)
    cycle = TORCH.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=config.pixel_rate, total_steps=steps, pct_start=0.1
    )

    def loss(scores: Any, pictures: Any) -> Any:
        cost = TORCH.nn.functional.binary_cross_entropy_with_logits
        return cost(scores, pictures, reduction="sum") / len(pictures)

    history = fit(
        InBfloat16(model), (x, x), engine=TORCH, optimizer=optimizer, loss=loss, epochs=config.pixel_epochs,
        batch_size=config.pixel_batch, seed=seed, scheduler=cycle, clip_norm=50.0,
    )  # fmt: skip
    # In 16 bits: rounding changes the probabilities a little, and they still sum to one.
    exact = log_likelihood(InBfloat16(model), test.reshape(-1, 1, SIDE, SIDE), TORCH)
    noise = BernoulliMixture(np.ones(1), np.clip(train.mean(axis=0), CLOSE, 1 - CLOSE)[None])
    mixed = np.stack([exact + math.log(0.01), noise.log_prob(test) + math.log(0.99)])
    empty = log_likelihood(model, np.zeros((1, 1, SIDE, SIDE), np.float32), TORCH)
    uniforms = np.random.default_rng([8, seed]).random((config.samples, SIDE, SIDE), np.float32)
    state = TORCH.state(model)
    parts = [draw(state, part, config.dilations) for part in np.array_split(uniforms, 4)]
    drawn, chances = (np.concatenate(part).reshape(-1, PIXELS) for part in zip(*parts, strict=True))
    neighbour, _ = nearest(drawn[: config.shown], train)
    return judged(config, "pixelcnn", drawn, seed) | {
        "nats_pixelcnn": float(-exact.mean()),
        "train_nats_pixelcnn": history.train_loss,
        "nats_hidden_in_noise": float(-log_sum_exp(mixed, 0).mean()),
        "nats_empty": float(-empty[0]),
        "less_likely_than_empty": float((exact < empty[0]).mean()),
        "undecided_pixelcnn": undecided(chances),
        "pictures_pixelcnn": for_seed(seed, packed(drawn[: config.shown])),
        "neighbours_pixelcnn": for_seed(seed, neighbour.tolist()),
    }


def plane(config: Config, seed: int) -> dict[str, Any]:
    """A code of two units: bounds beside the exact likelihood, and what the plane holds."""
    train, test = material(config)
    model = train_vae(config, seed, train, config.plane_epochs, 2)
    some = test[: config.grid_images]
    weights = bounds(model, some, max(config.draws), 2, seed)
    mean, _ = code(model, test[: config.bound_images])
    at = np.linspace(-1.75, 1.75, 8)
    grid = np.stack(np.meshgrid(at, -at), axis=-1).reshape(-1, 2)
    return {
        "nats_plane": [float(-importance_bound(weights, k).mean()) for k in config.draws],
        "exact_plane": float(-by_grid(model, some, config.grid).mean()),
        "coarse_plane": float(-by_grid(model, some, 2 * config.grid).mean()),
        "codes_plane": for_seed(seed, np.round(mean, 2).astype(float).tolist()),
        "pictures_plane": for_seed(seed, packed(decoded(model, grid), 3)),
    }


def by_grid(model: Any, x: np.ndarray, step: float) -> np.ndarray:
    """ln p(x) = ln ∫ p(x | z) p(z) dz for codes of two units, as a sum over a square grid from -5 to 5, (N,)."""
    at = np.arange(-5, 5 + step / 2, step)
    total = np.full(len(x), -np.inf)
    for first in at:
        z = np.stack([np.full(len(at), first), at], axis=1)
        p = np.clip(decoded(model, z).astype(np.float64), 1e-7, 1 - 1e-7)
        joint = x @ np.log(p / (1 - p)).T + np.log1p(-p).sum(axis=1)
        joint += 2 * math.log(step) - (z**2).sum(axis=1) / 2 - math.log(2 * math.pi)
        total = np.logaddexp(total, log_sum_exp(joint, 1))
    return total


def units(config: Config, seed: int) -> dict[str, Any]:
    """How many units of the code are used, by their number."""
    train, test = material(config)
    values: dict[str, list] = {name: [] for name in ("active_units", "kl_units", "nats_units")}
    for latent in config.latents:
        model = train_vae(config, seed, train[: config.some_images], config.some_epochs, latent)
        describe(values, "units", model, test, latent, seed)
    return values


def back(config: Config, seed: int) -> dict[str, Any]:
    """How many are used where the decoder sees the earlier pixels around each pixel."""
    train, test = material(config)
    values: dict[str, list] = {name: [] for name in ("active_back", "kl_back", "nats_back")}
    for look_back in config.look_backs:
        model = train_vae(
            config, seed, train[: config.some_images], config.some_epochs, config.latent, look_back
        )
        describe(values, "back", model, test[:2000], config.latent, seed)
    return values


def describe(
    values: dict[str, list], name: str, model: Any, test: np.ndarray, latent: int, seed: int
) -> None:
    mean, log_var = code(model, test)
    values[f"active_{name}"].append(int(active_units(mean).sum()))
    values[f"kl_{name}"].append(float(kl(mean, log_var).sum()))
    values[f"nats_{name}"].append(float(-bounds(model, test, 1, latent, seed).mean()))


def fashion(config: Config, seed: int) -> dict[str, Any]:
    """A VAE of clothes is shown digits."""
    train, test = material(config, "fashion")
    _, digits = material(config)
    model = train_vae(config, seed, train[: config.some_images], config.some_epochs, config.latent)
    own, other = (
        bounds(model, x[: config.bound_images], 1, config.latent, seed)[0] for x in (test, digits)
    )
    return {
        "nats_clothes": np.round(-own, 1).astype(float).tolist(),
        "nats_strange_digits": np.round(-other, 1).astype(float).tolist(),
        "strange_digits": ahead(own, other),
    }


RUN = {
    "simple": simple, "vae": autoencoder, "pixelcnn": pixels, "plane": plane, "units": units, "back": back,
    "fashion": fashion,
}  # fmt: skip


def cases(config: Config) -> Sequence[str]:
    return CASES


def run(config: Config, seed: int, case: str) -> dict[str, Any]:
    return RUN[case](config, seed)


def paired(gains: np.ndarray) -> tuple[float, float]:
    """The mean over seeds and its standard error."""
    error = float(gains.std(ddof=1)) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return float(gains.mean()), error


def lead(metrics: Metrics, name: str) -> tuple[float, float]:
    """How many nats a net is ahead of the best simple model, and the standard error, paired by seed."""
    best = min(SIMPLE, key=lambda one: float(metrics.mean(f"nats_{one}")))
    return paired(metrics[f"nats_{best}"] - metrics[f"nats_{name}"])


def readable(metrics: Metrics, name: str) -> bool:
    """Whether the reader is sure of most of a model's pictures and finds every digit among them."""
    each = metrics.mean(f"classes_{name}")
    return float(metrics.mean(f"sure_{name}")) >= READ and float(np.min(each)) >= EACH


def passed(metrics: Metrics, name: str) -> tuple[bool, bool, bool]:
    """Which of the three parts of the criterion a net passes: likely, readable, harder to tell from real ones."""
    mean, error = lead(metrics, name)
    closer, doubt = paired(metrics["told_apart_mixture"] - metrics[f"told_apart_{name}"])
    return mean > AHEAD and mean > 3 * error, readable(metrics, name), closer > 3 * doubt


def criterion(metrics: Metrics) -> Verdict:
    parts = {name: passed(metrics, name) for name in NETS}
    able = not readable(metrics, "independent")
    nats = ", ".join(
        f"{metrics.mean(f'nats_{name}'):.1f} {words}"
        for name, words in (
            ("independent", "independent pixels"), ("mixture", "mixture"), ("vae", "VAE (bound)"),
            ("pixelcnn", "PixelCNN"),
        )
    )  # fmt: skip
    told = " / ".join(f"{metrics.mean(f'told_apart_{name}'):.0%}" for name in ("mixture", *NETS))
    headline = f"nats a test picture: {nats}; those of mixture / VAE / PixelCNN told from real ones in {told}"
    if able and all(all(part) for part in parts.values()):
        return Verdict("holds", headline)
    some = any(all(part) for part in parts.values()) or all(all(p[:2]) for p in parts.values())
    return Verdict("holds partly" if able and some else "does not hold", headline)


EXPERIMENT = Experiment(
    id="S4",
    chapter="sequences/networks-that-generate",
    claim="Deep nets also generate.",
    criterion_text=(
        "means of 3 seeds, for the VAE and the PixelCNN each: (a) the likelihood of test pictures (for the VAE its "
        "lower bound) is better than that of the best model without a net by more than 10 nats a picture and 3 "
        "standard errors, paired by seed; (b) a reader trained on real digits is sure (probability 0.9) of at least "
        "50 % of what it draws, with each of the ten digits in at least 4 % of those, which pictures of independent "
        "pixels must not pass; (c) a network trained for it tells its pictures from real ones less often than those of "
        "the mixture, by more than 3 standard errors: holds if both nets pass all three, holds partly if one does or "
        "if both pass (a) and (b), else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=3,
    few_seeds="each run trains on all of MNIST",
    cost_seconds=700,
)
