"""What tells Adam and AdamW apart, and from the others, by hand."""

import numpy as np
import pytest

from comparison import assert_close
from deeplearning.autograd import Tensor
from deeplearning.optim import Adam, AdamW


def test_the_first_steps_are_as_long_as_the_rate() -> None:
    # Both means are corrected for their start at zero: of equal gradients every step is lr long.
    p = Tensor(np.zeros(3), requires_grad=True)
    optimizer = Adam([p], lr=0.25, eps=0.0)
    for _ in range(4):
        p.grad = Tensor(np.array([1e-3, -1.0, 1e3]))
        optimizer.step()
    assert_close(p.data, [-1.0, 1.0, -1.0])


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
def test_adamw_decays_alike_where_gradients_differ(scale: float) -> None:
    p, q = (Tensor(np.array([4.0]), requires_grad=True) for _ in range(2))
    together = Adam([p], lr=0.1, weight_decay=0.5, eps=0.0)
    apart = AdamW([q], lr=0.1, weight_decay=0.5, eps=0.0)
    for optimizer, parameter in ((together, p), (apart, q)):
        parameter.grad = Tensor(np.array([scale]))
        optimizer.step()
    assert_close(p.data, [3.9])  # the decay is lost in the quotient: g/√g² is 1 in any case
    assert_close(q.data, [4.0 * 0.95 - 0.1])


def test_amsgrad_never_speeds_up() -> None:
    def last_step(amsgrad: bool) -> float:
        p = Tensor(np.zeros(1), requires_grad=True)
        optimizer = Adam([p], lr=1.0, betas=(0.0, 0.5), eps=0.0, amsgrad=amsgrad)
        for gradient in [10.0] + [0.1] * 12:
            before = p.item()
            p.grad = Tensor(np.array([gradient]))
            optimizer.step()
        return before - p.item()

    assert last_step(amsgrad=False) > 0.5
    # The largest mean of squares so far was 50; only the correction 1 - 0.5^t changes since.
    assert_close(last_step(amsgrad=True), 0.1 * (1 - 0.5**13) ** 0.5 / 50**0.5, length=10)


@pytest.mark.parametrize("betas", [(1.0, 0.9), (0.9, -0.1)])
def test_betas_are_shares(betas: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"betas=.*give 0 <= number < 1"):
        Adam([Tensor([1.0], requires_grad=True)], betas=betas)
