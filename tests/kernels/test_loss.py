"""Cross-entropy against float64 PyTorch: every reduction, rows of any length, extreme scores, wrong labels."""

import math

import pytest
import torch

from deepkernels import cross_entropy
from deepkernels.loss import op
from deepkernels.loss.reference import reference
from kernel_comparison import assert_close, normal, poisoned

FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
# Rows, classes: one configuration after the other, the last with several blocks of classes.
SHAPES = {
    "digits": (70, 10),
    "one-class": (3, 1),
    "two": (1, 2),
    "block-and-one": (5, 129),
    "imagenet": (3, 1000),
    "vocabulary": (2, 9001),
}


def problem(
    shape: tuple[int, int], dtype: torch.dtype, device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    logits = normal(*shape, dtype=dtype, device=device)
    return logits, torch.randint(shape[1], (shape[0],), device=device)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_kernels(shape: str, dtype: str, device: str) -> None:
    rows, classes = SHAPES[shape]
    logits, labels = problem((rows, classes), FLOATS[dtype], device)
    losses = poisoned((rows,), FLOATS[dtype], device)
    statistics = poisoned((2, rows), torch.float32, device)
    op.run_forward(logits, labels, losses, statistics)
    dlogits = poisoned((rows, classes), FLOATS[dtype], device)
    dloss = normal(rows, dtype=FLOATS[dtype], device=device)
    op.run_backward(logits, labels, statistics, dloss, dlogits, 1.0)
    expected, gradient = reference(logits, labels, "none", dloss)
    assert_close(losses, expected, classes, "loss")
    assert_close(dlogits, gradient, classes, "gradient")


@pytest.mark.parametrize("reduction", op.REDUCTIONS)
@pytest.mark.parametrize("shape", ["digits", "imagenet"])
def test_operators(shape: str, reduction: str, device: str) -> None:
    logits, labels = problem(SHAPES[shape], torch.float32, device)
    logits.requires_grad_()
    loss = cross_entropy(logits, labels, reduction)
    dloss = normal(*loss.shape, device=device)
    loss.backward(dloss)
    expected, gradient = reference(logits, labels, reduction, dloss)
    assert loss.shape == expected.shape
    assert_close(loss, expected, 1000, "loss")
    assert_close(logits.grad, gradient, 1000, "gradient")


@pytest.mark.parametrize("rows", [1, 1023, 1025, 5000])
def test_many_rows_are_added_in_two_steps(rows: int, device: str) -> None:
    logits, labels = problem((rows, 3), torch.float32, device)
    for reduction in ("mean", "sum"):
        loss = cross_entropy(logits, labels, reduction)
        assert_close(loss, reference(logits, labels, reduction)[0], 3 * rows, reduction)
        assert torch.equal(loss, cross_entropy(logits, labels, reduction))


@pytest.mark.parametrize("offset", [-1e4, 1e4, 3e38])
def test_large_scores_do_not_overflow(offset: float, device: str) -> None:
    logits = (torch.tensor([[0.0, 512.0, 1024.0], [0.0, 0.0, -1024.0]]) + offset).to(device)
    labels = torch.tensor([2, 1], device=device)
    loss = cross_entropy(logits.requires_grad_(), labels, "none")
    loss.sum().backward()
    expected, gradient = reference(logits, labels, "none")
    assert_close(loss, expected, 3, "loss")
    assert_close(logits.grad, gradient, 3, "gradient")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in the interpreter
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none(value: float, device: str) -> None:
    logits = torch.randn(6, 1200, device=device)
    logits[1, 3] = logits[2, 1100] = logits[3, 0] = value
    logits[4], logits[5, :1100] = value, value
    labels = torch.tensor([3, 4, 5, 0, 7, 1150], device=device)
    loss = cross_entropy(logits.requires_grad_(), labels, "none")
    loss.backward(torch.ones_like(loss))
    expected, gradient = reference(logits, labels, "none")
    torch.testing.assert_close(loss.detach().cpu().double(), expected, equal_nan=True)
    torch.testing.assert_close(logits.grad.cpu().double(), gradient, equal_nan=True)


@pytest.mark.parametrize("label", [-100, -1, 4, 2**40])
def test_labels_that_are_no_class(label: int, device: str) -> None:
    logits = torch.randn(3, 4, device=device, requires_grad=True)
    labels = torch.tensor([0, label, 3], device=device)
    words = f"labels from {min(label, 0)} to {max(label, 3)} for logits of 4 classes; give 0 to 3"
    with pytest.raises(ValueError, match=words):
        cross_entropy(logits, labels, check_labels=True)
    loss = cross_entropy(logits, labels, "none", check_labels=False)
    loss.backward(torch.ones_like(loss))
    assert loss.isnan().tolist() == [False, True, False]
    assert logits.grad.isnan().all(1).tolist() == [False, True, False]
    assert cross_entropy(logits, labels, check_labels=False).isnan()


def test_labels_are_checked_in_the_interpreter(device: str) -> None:
    logits, labels = torch.zeros(1, 4, device=device), torch.tensor([4], device=device)
    if device == "cuda":
        assert cross_entropy(logits, labels).isnan()
    else:
        with pytest.raises(ValueError, match="labels from 4 to 4"):
            cross_entropy(logits, labels)


def test_other_layouts_and_labels(device: str) -> None:
    memory, labels = problem((20, 30), torch.float32, device)
    for logits in (memory.T[:20, :20], memory[::2, 3:], memory[:1].expand(5, 30)):
        few = labels[: len(logits)] % logits.shape[1]
        for some in (few.int(), torch.stack((few, few), 1)[:, 0]):
            leaf = logits.clone(memory_format=torch.preserve_format).requires_grad_()
            loss = cross_entropy(leaf, some)
            loss.backward()
            expected, gradient = reference(logits, some)
            assert_close(cross_entropy(logits, some), expected, 30, "loss")
            assert_close(leaf.grad, gradient, 30, "gradient")


def test_nothing_in_nothing_out(device: str) -> None:
    logits = torch.zeros(0, 3, device=device, requires_grad=True)
    labels = torch.zeros(0, dtype=torch.int64, device=device)
    assert cross_entropy(logits, labels, "none").shape == (0,)
    assert cross_entropy(logits, labels, "sum").item() == 0
    loss = cross_entropy(logits, labels)
    assert loss.isnan()
    loss.backward()
    assert logits.grad.shape == (0, 3)


@pytest.mark.skipif(torch.cuda.is_available(), reason="float64 exists in the interpreter alone")
@pytest.mark.parametrize("reduction", op.REDUCTIONS)
def test_gradcheck(reduction: str) -> None:
    logits = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 4, 2, 2])
    assert torch.autograd.gradcheck(lambda z: cross_entropy(z, labels, reduction), logits)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_opcheck(reduction: str, device: str) -> None:
    logits, labels = problem((5, 7), torch.float32, device)
    operator = torch.ops.deepkernels.cross_entropy.default
    torch.library.opcheck(operator, (logits.requires_grad_(), labels, reduction, False))


def test_compiles_as_one_graph(device: str) -> None:
    torch.compiler.reset()
    compiled = torch.compile(
        lambda z, y: 2 * cross_entropy(z, y), fullgraph=True, backend="aot_eager"
    )
    logits, labels = problem((5, 7), torch.float32, device)
    loss = compiled(logits.requires_grad_(), labels)
    loss.backward()
    expected, gradient = reference(logits, labels)
    assert_close(loss, 2 * expected, 7, "loss")
    assert_close(logits.grad, 2 * gradient, 7, "gradient")


@pytest.mark.parametrize(
    ("logits", "labels", "reduction", "words"),
    [
        ((2, 3), (2,), "average", "reduction='average'; give one of mean, sum, none"),
        ((2, 3, 4), (2,), "mean", r"logits has shape \(2, 3, 4\); give \(N, C\)"),
        ((2, 0), (2,), "mean", r"logits has shape \(2, 0\); give \(N, C\) with at least one class"),
        ((2, 3), (3,), "mean", r"labels has shape \(3,\) for logits \(2, 3\); give \(2,\)"),
        ((2, 3), (2, 1), "mean", r"labels has shape \(2, 1\)"),
    ],
)
def test_refused(logits: tuple, labels: tuple, reduction: str, words: str, device: str) -> None:
    with pytest.raises(ValueError, match=f"cross_entropy: {words}"):
        cross_entropy(
            torch.zeros(logits, device=device),
            torch.zeros(labels, device=device, dtype=torch.int64),
            reduction,
        )


def test_refused_types(device: str) -> None:
    labels = torch.zeros(2, dtype=torch.int64, device=device)
    with pytest.raises(ValueError, match=r"logits is torch.int64; give float16, bfloat16, float32"):
        cross_entropy(torch.zeros(2, 3, dtype=torch.int64, device=device), labels)
    with pytest.raises(ValueError, match=r"labels is torch.float32; give int64, int32"):
        cross_entropy(torch.zeros(2, 3, device=device), labels.float())
