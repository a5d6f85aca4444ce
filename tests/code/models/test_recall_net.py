"""The recall network: one definition on two engines, and weights by hand that recall exactly."""

import numpy as np
import pytest

from comparison import assert_close
from deeplearning import engines
from deeplearning.experiments.s01_recall import one_hot, streams
from deeplearning.models.recall_net import recall_net, shift_register

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")


def symbols(steps: int, count: int, kinds: int = 4) -> np.ndarray:
    return streams(steps, count, kinds, np.random.default_rng(5))


def test_engines_agree_in_scores_states_and_gradients() -> None:
    x = one_hot(symbols(9, 3), 4)
    own, theirs = recall_net(4, 6, nn=NUMPY.nn), recall_net(4, 6, nn=TORCH.nn)
    TORCH.load(theirs, NUMPY.state(own))
    results = []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        h0 = engine.tensor(np.full((1, 3, 6), 0.5, np.float32))
        scores, h = model(engine.tensor(x), h0)
        (scores * scores).sum().backward()
        gradients = {n: engine.to_numpy(p.grad) for n, p in model.named_parameters()}
        results.append((engine.to_numpy(scores.detach()), engine.to_numpy(h.detach()), gradients))
    (scores, h, gradients), (their_scores, their_h, their_gradients) = results
    assert_close(scores, their_scores, length=60)
    assert_close(h, their_h, length=60)
    assert gradients.keys() == their_gradients.keys()
    for name, gradient in gradients.items():
        assert_close(gradient, their_gradients[name], length=60 * 27, name=name)


def test_reading_goes_on_from_a_state() -> None:
    model = recall_net(4, 6)
    x = NUMPY.tensor(one_hot(symbols(9, 3), 4))
    whole, _ = model(x)
    _, h = model(x[:5])
    rest, _ = model(x[5:], h)
    assert_close(rest.numpy(), whole.numpy()[5:], length=60)


@pytest.mark.parametrize(("bits", "distance"), [(1, 0), (2, 1), (2, 31), (3, 5)])
def test_the_register_recalls_at_its_distance_and_no_other(bits: int, distance: int) -> None:
    kinds = 2**bits
    model = recall_net(kinds, bits * (distance + 1))
    model.load_state_dict(shift_register(bits, distance))
    shown = symbols(120, 10, kinds)
    answers = model(NUMPY.tensor(one_hot(shown, kinds)))[0].numpy().argmax(axis=2)
    for back in {0, distance, distance + 1}:
        share = (answers[back:] == shown[: len(shown) - back])[distance:].mean()
        assert share == 1 if back == distance else abs(share - 1 / kinds) < 0.1


def test_what_the_register_refuses() -> None:
    for wrong in ({"bits": 0}, {"distance": -1}, {"gain": 1.0}):
        with pytest.raises(ValueError, match="give at least 1 bit, a distance from 0 and a gain"):
            shift_register(**wrong)  # type: ignore[arg-type]
