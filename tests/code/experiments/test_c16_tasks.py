"""C16: no image on both sides, the rule on pictures that it must get right, and the criterion."""

import numpy as np
import pytest

from deeplearning.data.boxes import true_boxes
from deeplearning.data.scenes import scenes
from deeplearning.data.split import Split
from deeplearning.experiments import Metrics, c16_tasks
from deeplearning.experiments.c16_tasks import (
    BARS,
    EXPERIMENT,
    RULE,
    Answers,
    Config,
    Judged,
    ask_rule,
    batches,
    blobs,
    curve,
    described,
    material,
    mean_garments,
    scored,
)
from deeplearning.training.vision_metrics import detection_average_precision


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Split:
    """A set in which the brightness of an image says which one it is: half of the range for each part."""
    bright = np.concatenate([np.linspace(0.45, 0.7, 60), np.linspace(0.75, 1, 40)])
    images = np.zeros((100, 28, 28), np.float32)
    images[:, 4:24, 4:24] = bright[:, None, None]
    labels = np.arange(100) % 10
    split = Split(images[:60], labels[:60], images[60:], labels[60:], tuple("0123456789"))
    monkeypatch.setattr(c16_tasks, "clothes", lambda: split)
    return split


def test_learning_and_judging_share_no_image_nor_do_queries_and_gallery(few: Split) -> None:
    config = Config(singles=40, queries=15, crowds=10, steps=2, batch_size=8)
    x, y, judged = material(config, 0)
    assert len(x) == 60
    assert all(batch.images.max() < 0.72 for batch in batches(config, x, y, 0))
    for part in (judged.singles, judged.crowds):
        assert part.images.max(axis=(1, 2, 3)).min() > 0.72
    queries, gallery = np.split(judged.singles.sources[:, 0], [judged.queries])
    assert queries.max() < 20 <= gallery.min()
    assert np.array_equal(few.test_y[judged.singles.sources[:, 0]], judged.singles.labels[:, 0])


def test_batches_are_half_singles_and_never_alike(few: Split) -> None:
    config = Config(steps=3, batch_size=8)
    x, y = few.train_x, few.train_y
    made = list(batches(config, x, y, 0)) + list(batches(config, x, y, 1))[:1]
    for batch in made:
        assert (batch.counts[:4] == 1).all()
        assert batch.boxes.shape == (8, 4, 4)
    assert len({batch.images.tobytes() for batch in made}) == 4


def garments() -> tuple[np.ndarray, np.ndarray]:
    """Two classes that a mean tells apart: wide boxes and tall ones."""
    images = np.zeros((2, 28, 28), np.float32)
    images[0, 10:18, 3:25] = 0.9
    images[1, 3:25, 10:18] = 0.9
    return np.repeat(images, 3, axis=0), np.repeat([4, 7], 3)


def test_the_rule_is_right_where_blobs_are_apart_and_means_tell_the_classes() -> None:
    x, y = garments()
    singles = scenes(x, y, 8, seed=0, objects=(1, 1))
    crowds = scenes(x, y, 12, seed=1, objects=(2, 2), hidden=0.0)
    apart = np.array([len(blobs(image)[1]) == 2 for image in crowds.images[:, 0]])
    assert apart.sum() >= 4
    judged = Judged(singles, crowds.take(apart), 2)
    values = scored("rule", ask_rule(mean_garments(x, y), judged), judged)
    assert values["accuracy_rule"] == 1
    assert values["detection_ap_rule"] == pytest.approx(1)
    assert values["segmentation_iou_rule"] > 0.9  # edges of scaled garments may be below 0.4
    assert values["retrieval_map_rule"] == pytest.approx(1)
    assert values["precision_rule"].tolist() == [1] * 21


def test_blobs_are_bright_and_large_enough_and_descriptions_have_length_one() -> None:
    image = np.zeros((40, 40), np.float32)
    image[2:10, 3:8] = 0.9
    image[20:24, 20:24] = 1.0  # 16 pixels
    image[30:38, 30:38] = RULE - 0.01
    numbered, places = blobs(image)
    ((number, where),) = places
    assert where == (slice(2, 10), slice(3, 8))
    vector = described(image, numbered == number, where)
    assert np.linalg.norm(vector) == pytest.approx(1)
    filled = vector.reshape(28, 28) > vector.max() / 2
    assert filled.any(axis=1).sum() == 28
    assert 16 <= filled.any(axis=0).sum() <= 19


def test_the_curve_lies_above_the_average_precision_and_is_one_for_perfect_answers() -> None:
    x, y = garments()
    crowds = scenes(x, y, 10, seed=2)
    true = true_boxes(crowds.labels, crowds.boxes)
    assert curve(true, true).tolist() == [1] * 21
    rng = np.random.default_rng(0)
    found = true_boxes(crowds.labels, crowds.boxes)
    found.scores[:] = rng.random(len(found))
    found.boxes[rng.random(len(found)) < 0.4] = [0, 0, 1, 1]
    heights = curve(found, true)
    assert (np.diff(heights) <= 1e-12).all()
    precise = float(np.nanmean(detection_average_precision(found, true, 10)))
    assert precise <= heights.mean() + 0.05 < 1


def test_perfect_answers_get_full_marks() -> None:
    x, y = garments()
    judged = Judged(scenes(x, y, 8, seed=3, objects=(1, 1)), scenes(x, y, 5, seed=4), 2)
    labels = judged.singles.labels[:, 0]
    perfect = Answers(
        labels,
        np.eye(10)[labels],
        judged.crowds.masks.astype(np.int64),
        true_boxes(judged.crowds.labels, judged.crowds.boxes),
    )
    values = scored("net", perfect, judged)
    assert all(values[f"{task}_net"] == pytest.approx(1) for task in BARS)


def metrics(changes: dict[str, float], spread: float = 0.001) -> Metrics:
    raw: dict[str, list] = {}
    for task, bar in BARS.items():
        value = changes.get(f"{task}_net", bar + 0.1)
        raw[f"{task}_net"] = (value + spread * np.linspace(-1, 1, 5)).tolist()
        raw[f"{task}_rule"] = [changes.get(f"{task}_rule", value - 0.2)] * 5
    return Metrics(raw)


def test_the_criterion_has_three_outcomes_and_heeds_bars_lead_and_spread() -> None:
    assert EXPERIMENT.judge(metrics({})).outcome == "holds"
    low = {"accuracy_net": 0.79, "detection_ap_net": 0.49}
    assert EXPERIMENT.judge(metrics(low)).outcome == "holds partly"
    close = {"segmentation_iou_rule": BARS["segmentation_iou"] + 0.05}
    assert EXPERIMENT.judge(metrics(close)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(low | close)).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics({}, spread=0.3)).outcome == "does not hold"


def test_the_headline_names_the_tasks() -> None:
    headline = EXPERIMENT.judge(metrics({})).headline
    assert "accuracy 0.900 (0.700)" in headline
    assert "segmentation IoU 0.600 (0.400)" in headline
