"""The networks for films: the same on both engines, and what each of them cannot tell apart."""

import numpy as np
import pytest

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.film_net import KINDS, film_net


def films(count: int = 3, frames: int = 4) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, frames, 8, 8)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_both_engines_agree(kind: str) -> None:
    ours, theirs = engines.get("numpy"), engines.get("torch")
    models = [film_net(kind, frames=4, classes=5, width=3, nn=e.nn) for e in (ours, theirs)]
    theirs.load(models[1], ours.state(models[0]))
    scores = [
        e.to_numpy(model(e.tensor(films())))
        for e, model in zip((ours, theirs), models, strict=True)
    ]
    assert scores[0].shape == (3, 5)
    assert_close(scores[0], scores[1], length=200)


@pytest.mark.parametrize(("kind", "blind"), [("3d", False), ("2d", True), ("stacked", False)])
def test_only_frame_by_frame_is_blind_to_order(kind: str, blind: bool) -> None:
    engine = engines.get("torch")
    engine.manual_seed(0)
    model = film_net(kind, frames=4, nn=engine.nn)
    x = films()
    with engine.no_grad():
        scores, backward = (
            engine.to_numpy(model(engine.tensor(a))) for a in (x, x[:, ::-1].copy())
        )
    assert np.allclose(scores, backward, atol=1e-5) == blind


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="3d, 2d, stacked"):
        film_net("4d")
