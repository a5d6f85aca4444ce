"""D11: the same samples for everybody, tuning without the test samples, and the criterion."""

import numpy as np
import pytest

from deeplearning import data
from deeplearning.experiments import Metrics
from deeplearning.experiments import d11_machine_or_deep as d11
from deeplearning.models.classical import CLASSICAL


class Stub:
    """An estimator that answers one class, and notes on how many samples it was trained and asked."""

    seen: list[tuple[str, int, int]] = []

    def __init__(self, choice: int) -> None:
        self.choice = choice

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Stub":
        Stub.seen.append(("fit", self.choice, len(x)))
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        Stub.seen.append(("predict", self.choice, len(x)))
        return np.full(len(x), self.choice)


@pytest.mark.parametrize(("samples", "trial", "kept", "held"), [(50, 100, 40, 10), (50, 20, 16, 4)])
def test_the_choice_is_made_on_a_fifth_of_the_training_samples(
    samples: int, trial: int, kept: int, held: int
) -> None:
    Stub.seen = []
    train = np.zeros((samples, 2)), np.ones(samples, np.int64)
    test = (
        np.zeros((7, 2)),
        np.zeros(7, np.int64),
    )  # here setting 0 would be best, and must not be chosen
    values = d11.contest(Stub, 3, train, test, trial)
    trials = [
        (what, choice, count)
        for choice in range(3)
        for what, count in (("fit", kept), ("predict", held))
    ]
    assert Stub.seen == [*trials, ("fit", 1, samples), ("predict", 1, 7)]
    assert (values["choice"], values["test_accuracy"]) == (1, 0.0)
    assert values["seconds"] >= values["fit_seconds"] >= 0 <= values["predict_seconds"]


def test_all_contenders_of_a_seed_see_the_same_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[tuple] = []

    def note(make: object, settings: int, train: tuple, test: tuple, trial_samples: int) -> dict:
        met.append((train, test))
        return {"test_accuracy": 1.0}

    monkeypatch.setattr(d11, "contest", note)
    config = d11.Config(test_images=50)
    for name in d11.CONTENDERS:
        d11.on_images(name, 60, config, seed=5)
    plain = [pair for name, pair in zip(d11.CONTENDERS, met, strict=True) if name != "boosting"]
    for train, test in plain:
        np.testing.assert_array_equal(train[0], plain[0][0][0])
        np.testing.assert_array_equal(test[0], plain[0][1][0])
    for train, _ in met:
        np.testing.assert_array_equal(train[1], met[0][0][1])
    few, _ = met[0]
    d11.on_images("logistic", 40, config, seed=5)
    np.testing.assert_array_equal(met[-1][0][0], few[0][:40])  # smaller sets lie in larger ones
    d11.on_images("logistic", 60, config, seed=6)
    assert not np.array_equal(met[-1][0][1], few[1])


def test_pooling_is_the_mean_of_four_neighbours() -> None:
    x = np.random.default_rng(0).random((3, 28, 28))
    by_hand = (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
    np.testing.assert_allclose(d11.pooled(x.reshape(3, 784)), by_hand.reshape(3, 196), rtol=1e-12)


def test_gaps_are_filled_from_the_training_part_alone() -> None:
    train = np.float32([[1, 5], [np.nan, 6], [3, 7], [2, 6]])
    test = np.float32([[np.nan, 100]])
    a, b = d11.filled(train, test)
    assert a.shape == (4, 3)
    np.testing.assert_allclose(a.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(a.std(axis=0), 1, atol=1e-6)
    assert np.isclose(b[0, 0], a[1, 0])  # the median of the training part in both
    assert b[0, 2] == a[1, 2] > a[0, 2]  # and marked as missing
    assert b[0, 1] > 50


def test_a_gap_in_the_test_part_alone_is_filled_too() -> None:
    a, b = d11.filled(np.float32([[1], [2], [4]]), np.float32([[np.nan]]))
    assert np.isfinite(a).all()
    assert np.isfinite(b).all()


def test_the_network_learns_and_repeats() -> None:
    config = d11.Config(steps=60)
    x, y = data.blobs(300, seed=0)
    answers = [
        d11.Network((8, 8), 3, {"rate": 0.1}, 1, config).fit(x, y).predict(x) for _ in range(2)
    ]
    np.testing.assert_array_equal(*answers)
    assert (answers[0] == y).mean() > 0.8


@pytest.mark.parametrize(
    ("samples", "epochs"), [(100, 100), (1_000, 13), (3_000, 17), (60_000, 10)]
)
def test_epochs_follow_from_the_number_of_steps(
    samples: int, epochs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}
    monkeypatch.setattr(d11, "fit", lambda model, arrays, **options: asked.update(options))
    network = d11.Network((4,), 2, d11.NETWORKS[0], 0, d11.Config())
    network.fit(np.zeros((samples, 3), np.float32), np.zeros(samples, np.int64))
    assert asked["epochs"] == epochs
    steps = epochs * -(-samples // asked["batch_size"])
    assert asked["scheduler"].T_max == steps


def metrics(large: float, small: float, tables: float, slow: bool) -> Metrics:
    """Made-up results: the network's lead in each part of the criterion; others are level with one another."""
    jitter = np.array([-0.001, 0.0, 0.001])
    values = {}
    for place, lead in (("100", small), ("60000", large), ("wine", tables), ("chess", -0.01)):
        for name in d11.CONTENDERS:
            values[f"test_accuracy_{name}_{place}"] = 0.8 + jitter + (lead if name == "mlp" else 0)
            values[f"seconds_{name}_{place}"] = np.full(3, 9.0 if slow == (name == "mlp") else 1.0)
    # So that paired differences have a spread.
    for rival in CLASSICAL:
        values[f"test_accuracy_{rival}_60000"] = (
            values[f"test_accuracy_{rival}_60000"] - jitter[::-1]
        )
    return Metrics({name: list(map(float, value)) for name, value in values.items()})


@pytest.mark.parametrize(
    ("large", "small", "tables", "slow", "outcome"),
    [
        (0.02, -0.02, -0.01, True, "holds"),
        (0.02, 0.0, 0.0, True, "holds"),
        (0.02, 0.02, 0.01, False, "holds partly"),
        (0.001, -0.02, -0.01, False, "holds partly"),
        (0.001, 0.02, -0.01, False, "does not hold"),
        (-0.02, 0.02, 0.01, True, "does not hold"),
    ],
)
def test_the_criterion(large: float, small: float, tables: float, slow: bool, outcome: str) -> None:
    found = metrics(large, small, tables, slow)
    assert d11.sizes_of(found) == [100, 60000]
    assert d11.tables_of(found) == ["chess", "wine"]
    assert d11.EXPERIMENT.judge(found).outcome == outcome


def test_a_lead_within_the_noise_is_none() -> None:
    assert not d11.ahead(metrics(0.0005, 0, 0, True), "forest", 60000)
    assert d11.ahead(metrics(0.02, 0, 0, True), "forest", 60000)


def test_a_rival_with_one_seed_is_judged_by_the_spread_of_the_network() -> None:
    own = {"test_accuracy_mlp_60000": [0.79, 0.80, 0.81]}  # a standard error of 0.006
    for rival, outcome in ((0.80, False), (0.78, True)):
        found = Metrics({**own, "test_accuracy_boosting_60000": [rival, None, None]})
        assert d11.ahead(found, "boosting", 60000) is outcome


def test_boosting_is_trained_on_everything_once() -> None:
    values = d11.on_images("boosting", 60_000, d11.Config.smoke(), seed=1)
    assert set(values) == set(d11.VALUES)
    assert set(values.values()) == {None}
    assert {f"{key}_{d11.ONCE}" for key in values} == set(d11.EXPERIMENT.missing)


def test_cases_are_every_contender_at_every_place() -> None:
    names = d11.cases(d11.Config())
    assert len(names) == len(set(names)) == 5 * (6 + 4)
    assert {"mlp_60000", "boosting_chess", "neighbours_100"} <= set(names)
