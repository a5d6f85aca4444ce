"""The trace knows what each program touches; kernels here are small enough to say so by hand."""

import pytest
import torch
import triton
import triton.language as tl

from deepkernels import trace
from deepkernels.launch import interpreted

pytestmark = pytest.mark.skipif(
    not interpreted(), reason="programs can be watched in the interpreter only"
)


@triton.jit
def copied(x, y, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(y + i, tl.load(x + i, mask=i < n), mask=i < n)


@triton.jit
def first_only(x, y):
    if tl.program_id(0) == 1:
        tl.store(y, tl.load(x + 2))


@triton.jit
def tile(x, y, H, W, BH: tl.constexpr, BW: tl.constexpr, SHIFT: tl.constexpr):
    source = tl.make_tensor_descriptor(x, [H, W], [W, 1], [BH, BW])
    target = tl.make_tensor_descriptor(y, [H, W], [W, 1], [BH, BW])
    h, w = tl.program_id(0) * BH, tl.program_id(1) * BW
    target.store([h, w], source.load([h - SHIFT, w]))


@triton.jit
def counted(x, y, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.atomic_add(y + tl.load(x + i), 1.0, mask=i < BLOCK - 1)


@triton.jit
def swapped(y):
    tl.atomic_cas(y + 1, 0, 7)


@triton.jit
def thrice(x, y, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    total = tl.zeros((BLOCK,), tl.float32)
    for _ in range(3):
        total += tl.load(x + i)
    tl.store(y + i, total)


def test_masked_elements_are_not_touched() -> None:
    x, y = torch.arange(6.0), torch.zeros(6)
    with trace.record(x=x, y=y) as seen:
        copied[(2,)](x, y, 6, BLOCK=4)
    assert seen.programs == [(0, 0, 0), (1, 0, 0)]
    for kind, name in ((seen.reads, "x"), (seen.writes, "y")):
        assert [kind[p][name].tolist() for p in seen.programs] == [[0, 1, 2, 3], [4, 5]]
        assert [list(kind[p]) for p in seen.programs] == [[name], [name]]
    assert (seen.loaded, seen.stored) == ({"x": 6, "y": 0}, {"x": 0, "y": 6})
    assert torch.equal(y, x), "watching does not change the result"


def test_scalars_and_programs_that_do_nothing() -> None:
    x, y = torch.arange(4.0), torch.zeros(1)
    with trace.record(x=x, y=y) as seen:
        first_only[(3,)](x, y)
    assert seen.programs == [(1, 0, 0)]
    assert seen.reads[1, 0, 0]["x"].tolist() == [2]
    assert seen.read("x", 1).tolist() == [False, False, True, False]
    assert not seen.read("x", 0).any()
    assert not seen.read("y", 1).any()
    assert seen.written("y", 1).all()


def test_descriptors_read_only_what_is_inside() -> None:
    x, y = torch.randn(8, 8), torch.zeros(8, 8)
    with trace.record(x=x, y=y) as seen:
        tile[(2, 2)](x, y, 8, 8, BH=4, BW=4, SHIFT=1)
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[:3, 4:] = True  # the tile's first row would be row −1
    assert torch.equal(seen.read("x", 0, 1), expected)
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[4:, :4] = True
    assert torch.equal(seen.written("y", 1, 0), expected)
    assert seen.loaded["x"] == 64 - 8


def test_atomics_read_and_write() -> None:
    x, y = torch.tensor([0, 2, 2, 1]), torch.zeros(3)
    with trace.record(x=x, y=y) as seen:
        counted[(1,)](x, y, BLOCK=4)
    assert seen.reads[0, 0, 0]["y"].tolist() == seen.writes[0, 0, 0]["y"].tolist() == [0, 2]
    assert seen.stored["y"] == 3
    assert y.tolist() == [1.0, 0.0, 2.0]


def test_compare_and_swap_reads_and_writes() -> None:
    y = torch.zeros(3, dtype=torch.int32)
    with trace.record(y=y) as seen:
        swapped[(1,)](y)
    assert seen.reads[0, 0, 0]["y"].tolist() == seen.writes[0, 0, 0]["y"].tolist() == [1]
    assert y.tolist() == [0, 7, 0]


def test_repeated_loads_count_as_often_as_they_happen() -> None:
    x, y = torch.ones(4), torch.zeros(4)
    with trace.record(x=x, y=y) as seen:
        thrice[(2,)](x, y, BLOCK=4)
    assert seen.reads[1, 0, 0]["x"].tolist() == [0, 1, 2, 3]
    assert seen.loaded["x"] == 2 * 3 * 4


@pytest.mark.parametrize(
    ("make", "indices"),
    [
        (lambda base: base.view(2, 6), [0, 1, 2, 3]),
        (lambda base: base.view(4, 3).T, [0, 1, 4, 8]),  # element (i, j) lies at 3 j + i
        (lambda base: base.view(2, 6)[:, :3], [0, 1, 2]),  # the fourth belongs to another tensor
        (lambda base: base[1:], [0, 1, 2]),
    ],
    ids=["whole", "transposed", "columns", "offset"],
)
def test_indices_follow_the_shape_not_the_strides(make, indices: list[int]) -> None:
    base, y = torch.arange(12.0), torch.zeros(4)
    with trace.record(part=make(base)) as seen:
        copied[(1,)](base, y, 4, BLOCK=4)
    assert seen.reads[0, 0, 0]["part"].tolist() == indices


def test_half_precision_and_unnamed_tensors() -> None:
    x, y = torch.randn(8).half(), torch.zeros(8).half()
    with trace.record(values=y) as seen:
        copied[(2,)](x, y, 8, BLOCK=4)
    assert seen.reads == {}
    assert seen.writes[1, 0, 0]["values"].tolist() == [4, 5, 6, 7]


def test_launches_add_up_and_other_launches_are_not_seen() -> None:
    x, y = torch.randn(8), torch.zeros(8)
    with trace.record(x=x) as seen:
        copied[(1,)](x, y, 8, BLOCK=2)
        copied[(1,)](x[4:], y, 4, BLOCK=2)
    copied[(2,)](x, y, 8, BLOCK=4)
    assert seen.reads[0, 0, 0]["x"].tolist() == [0, 1, 4, 5]
    assert seen.programs == [(0, 0, 0)]


def test_an_error_in_the_block_leaves_the_interpreter_as_it_was() -> None:
    from triton.runtime.interpreter import InterpreterBuilder

    before = {name: getattr(InterpreterBuilder, name) for name in trace._WATCHED}
    with pytest.raises(KeyError), trace.record(x=torch.zeros(2)):
        raise KeyError
    assert {name: getattr(InterpreterBuilder, name) for name in before} == before


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(3).expand(2, 3), r"elements of x share memory \(strides \(0, 1\)\)"),
        (torch.zeros(0), "x is on cpu with 0 elements"),
        (torch.zeros(2, device="meta"), "x is on meta with 2 elements"),
    ],
    ids=["expanded", "empty", "meta"],
)
def test_tensors_that_cannot_be_watched(tensor: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message), trace.record(x=tensor):
        pass


def test_a_name_that_was_not_recorded() -> None:
    with trace.record(x=torch.zeros(2)) as seen:
        pass
    with pytest.raises(ValueError, match="'w' was not recorded; recorded were x"):
        seen.read("w", 0)


def test_outside_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "0")
    with pytest.raises(ValueError, match="set TRITON_INTERPRET=1"), trace.record():
        pass


@pytest.mark.parametrize("name", trace._WATCHED)
def test_an_interpreter_of_another_build(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from triton.runtime.interpreter import InterpreterBuilder

    monkeypatch.setattr(InterpreterBuilder, name, lambda self, other: None)
    with pytest.raises(ValueError, match=f"no {name}.*use Triton 3.6 or 3.7"), trace.record():
        pass
