"""S1: what the nets see, that memory is impossible without a state, and the criterion."""

import numpy as np
import pytest

from deeplearning import engines
from deeplearning.experiments import Metrics
from deeplearning.experiments.s01_recall import (
    EXPERIMENT,
    NETS,
    Config,
    build,
    last_symbols,
    learn,
    one_hot,
    radius,
    reach,
    recalled,
    streams,
)

TORCH = engines.get("torch")
DISTANCES = Config().distances


def outputs(net: str, shown: np.ndarray) -> np.ndarray:
    TORCH.manual_seed(0)
    _, answer = build(net, Config(hidden=8, window=3), TORCH)
    return TORCH.to_numpy(answer(one_hot(shown, 4)))


@pytest.mark.parametrize(("net", "seen"), [("none", 1), ("window", 3), ("rnn", 7), ("orthogonal", 7)])  # fmt: skip
def test_how_far_each_net_sees(net: str, seen: int) -> None:
    """A symbol exchanged at step 2 changes the answers at that step and the seen − 1 after it, and no others."""
    shown = streams(9, 1, 4, np.random.default_rng(0))
    other = shown.copy()
    other[2] = (other[2] + 1) % 4
    changed = (outputs(net, shown) != outputs(net, other)).any(axis=(1, 2))
    assert np.flatnonzero(changed).tolist() == list(range(2, 2 + seen))


def test_windows_begin_with_the_present() -> None:
    x = one_hot(np.array([[1], [2], [0]]), 4)
    windows = last_symbols(x, 2)
    np.testing.assert_array_equal(windows[0, 0], [0, 1, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(windows[2, 0], [1, 0, 0, 0, 0, 0, 1, 0])


def test_symbols_are_independent_and_equally_frequent() -> None:
    shown = streams(400, 50, 4, np.random.default_rng(1))
    np.testing.assert_allclose(np.bincount(shown.ravel()) / shown.size, 0.25, atol=0.015)
    for back in (1, 2, 8):
        pairs = np.bincount((4 * shown[back:] + shown[:-back]).ravel(), minlength=16)
        np.testing.assert_allclose(pairs / pairs.sum(), 1 / 16, atol=0.01)


def test_the_orthogonal_start_has_radius_one_and_nothing_else_differs() -> None:
    states = []
    for net in ("rnn", "orthogonal"):
        TORCH.manual_seed(3)
        states.append(TORCH.state(build(net, Config(), TORCH)[0]))
    matrix = states[1]["rnn.weight_hh_l0"]
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(64), atol=1e-5)
    assert radius(matrix) == pytest.approx(1, abs=1e-5)
    assert radius(states[0]["rnn.weight_hh_l0"]) < 0.7
    for name in states[0].keys() - {"rnn.weight_hh_l0"}:
        np.testing.assert_array_equal(states[0][name], states[1][name])


def test_a_seed_repeats_and_the_state_is_what_remembers() -> None:
    config = Config(hidden=16, steps=80, rate=0.03, batch_size=16, test_streams=20, curve=4)
    first, again, none = (learn(net, 1, config, 0) for net in ("rnn", "rnn", "none"))
    assert first == again
    assert first["accuracy"] > 0.9
    assert abs(none["accuracy"] - 0.25) < 0.06
    assert np.mean(first["along"]) == pytest.approx(first["accuracy"], abs=1e-3)
    assert (len(first["radii"]), len(none["radii"])) == (2, 0)


def metrics(
    rnn: float = 31, window: float = 7, none: float = 0, level: float = 0.99, noise: float = 0.002
) -> Metrics:
    """Made-up accuracies: each net recalls up to its distance, and guesses beyond."""
    wave = noise * np.array([-1, 1, 0, 1, -1])[:, None]
    ends = {"rnn": rnn, "orthogonal": 31, "window": window, "none": none}
    raw = {
        f"accuracy_{net}": (np.where(np.array(DISTANCES) <= ends[net], level, 0.25) + wave).tolist()
        for net in NETS
    }
    return Metrics(raw | {"distances": [list(DISTANCES)] * 5})


def test_the_criterion_has_three_outcomes() -> None:
    assert EXPERIMENT.judge(metrics()).outcome == "holds"
    assert EXPERIMENT.judge(metrics(rnn=24)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(rnn=8)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(rnn=7)).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics(level=0.89)).outcome == "does not hold"
    assert "RNN 24, window of 8 7, no state 0" in EXPERIMENT.judge(metrics(rnn=24)).headline


def test_a_control_that_knows_too_much_fails_it() -> None:
    assert EXPERIMENT.judge(metrics(none=1)).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics(window=8)).outcome == "does not hold"


def test_a_lead_within_the_noise_is_none() -> None:
    made = metrics()
    raw = {name: made[name].copy() for name in made}
    raw["accuracy_rnn"][:, 3] = [1, 1, 1, 1, 0.6]
    raw["accuracy_none"][:, 3] = [0.2, 0.9, 0.2, 0.2, 0.9]
    changed = Metrics({name: values.tolist() for name, values in raw.items()})
    assert recalled(made, "rnn")[3]
    assert not recalled(changed, "rnn")[3]


def test_reach_ends_at_the_first_failure() -> None:
    made = metrics(rnn=12)
    raw = {name: made[name].copy() for name in made}
    raw["accuracy_rnn"][1, 2] = 0.5  # fails at distance 2, whatever comes after
    raw["accuracy_rnn"][2] = 0.25
    changed = Metrics({name: values.tolist() for name, values in raw.items()})
    assert reach(changed, "rnn").tolist() == [12, 1, -1, 12, 12]
