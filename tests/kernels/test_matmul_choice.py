"""Which kernel `matmul` takes for which product, and how work is shared out."""

import json
from dataclasses import replace
from importlib.resources import files

import pytest
import torch

from deepkernels import configs
from deepkernels.bench.launches import recorded
from deepkernels.configs import Config
from deepkernels.matmul import Problem, choice, choose, matmul, problem, split
from deepkernels.matmul.problem import order

FILE = json.loads(files("deepkernels").joinpath("configs", "matmul.json").read_text("utf-8"))
NAMES = [config.name for config in configs.load("matmul")]
HALF, FULL = torch.bfloat16, torch.float32
# (M, N, K) → configuration on 132 processors.
CHOSEN = {
    (2048, 2048, 2048): "persistent-256",
    (3072, 3072, 3072): "stream-256",
    (4096, 4096, 4096): "persistent-256",
    (5120, 5120, 5120): "stream-256",
    (8192, 8192, 8192): "persistent-256",
    (16384, 4096, 1024): "persistent-256",
    (1024, 1024, 1024): "tma-64-128",
    (512, 512, 512): "tma-64",
    (256, 256, 256): "strided-32",
    (1, 4096, 4096): "split-16",
    (16, 14336, 4096): "split-16",
    (64, 4096, 4096): "split-64",
    (128, 4096, 4096): "split-128",
    (256, 4096, 4096): "split-256",
    (256, 14336, 4096): "stream-128",
    (16, 131072, 4096): "skinny-16",
    (300, 400, 65536): "split-128",
}


@pytest.mark.parametrize("shape", CHOSEN, ids=lambda shape: "x".join(map(str, shape)))
def test_large_medium_small_and_skinny(shape: tuple[int, int, int]) -> None:
    assert choose(Problem(*shape)).name == CHOSEN[shape]


@pytest.mark.parametrize("name", NAMES)
def test_every_configuration_has_a_purpose(name: str) -> None:
    assert FILE["purpose"][name]


def test_nothing_else_has_one() -> None:
    assert list(FILE["purpose"]) == NAMES
    assert set(FILE["check_on_gpu"]) <= set(NAMES)
    assert "not yet measured" in FILE["origin"]


def test_every_configuration_is_chosen_for_something_or_asked_for() -> None:
    sizes = (1, 64, 100, 256, 512, 768, 1024, 1500, 3072, 4096, 14336)
    found = set()
    for M in sizes:
        for N in (32, *sizes, 131072):
            for K in (64, 1024, 4096):
                for posed in (
                    Problem(M, N, K),
                    Problem(M, N, K, dtype=FULL, precision="ieee"),
                    Problem(M, N, K, a="strided", b="strided"),
                ):
                    found.add(choose(posed).name)
                found.add(choose(Problem(M, N, K), "sm_80", 108).name)
    asked = {config.name for config in configs.load("matmul") if "asked" in config.when}
    assert found == set(NAMES) - asked


def test_float32_uses_tensor_cores_only_when_it_may_be_rounded() -> None:
    posed = Problem(4096, 4096, 4096, dtype=FULL)
    assert choose(posed).name == "persistent-256"
    assert choose(replace(posed, precision="ieee")).name == "ieee-64"
    # The large tile of stream-k would not fit into registers.
    assert choose(Problem(3072, 3072, 3072)).name == "stream-256"
    assert choose(Problem(3072, 3072, 3072, dtype=FULL)).name == "stream-128"


@pytest.mark.parametrize("target", ["sm_80", "sm_86", "gfx942"])
def test_other_gpus_get_no_descriptors(target: str) -> None:
    for shape in CHOSEN:
        assert not choice.described(choose(Problem(*shape), target, 108))
    assert choice.refusal(choice.named("tma-64"), Problem(64, 64, 64), "sm_90") is None
    reason = choice.refusal(choice.named("tma-64"), Problem(64, 64, 64), target)
    assert reason == f"tensor descriptors are for NVIDIA GPUs from sm_90 on, not for {target}"


def test_large_operands_that_no_descriptor_addresses_are_realigned() -> None:
    odd = Problem(4097, 4104, 4099, a="strided")
    assert choice.described(choose(odd))
    assert not choice.described(choose(replace(odd, M=500)))


def test_realigning_is_part_of_a_large_product(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(choice, "REALIGN_FROM", 32)
    choose.cache_clear()
    try:
        a, b = torch.randn(2, 33, 35, device=device).half(), torch.randn(2, 35, 40, device=device)
        with recorded() as launched:
            c = matmul(a, b.half())
    finally:
        choose.cache_clear()
    names = [one["kernel"].split(":")[1] for one in launched]
    assert names[0] == "copy"
    assert len(names) == 2  # b is as descriptors want it
    assert torch.allclose(c.float(), (a.float() @ b.half().float()), atol=0.05)


def test_shares_of_split_k() -> None:
    config = Config("", "", {"BLOCK_M": 64, "BLOCK_N": 64, "BLOCK_K": 64, "PER_PROCESSOR": 2}, 4, 4)
    for K in (1, 63, 64, 1000, 4096, 100_000):
        for N in (64, 4096, 100_000):
            posed = Problem(64, N, K)
            share, splits = split.shares(config, posed, 132)
            steps = -(-K // 64)
            assert share * (splits - 1) < steps <= share * splits, "every part has something to do"
            assert splits == 1 or share >= split.LEAST_STEPS
            assert splits * problem.tiles(config, posed) <= max(264, problem.tiles(config, posed))


def test_wider_operands_get_tiles_of_as_many_bytes() -> None:
    config = choice.named("persistent-256")
    half, full = (problem.fitted(config, Problem(1, 1, 1, dtype=t)) for t in (HALF, FULL))
    assert (half["BLOCK_K"], half["PARTS"]) == (64, 2)
    assert (full["BLOCK_K"], full["PARTS"]) == (32, 4)


def test_order_in_memory(device: str) -> None:
    x = torch.zeros(2, 24, 40, dtype=torch.float16, device=device)
    assert order(x) == "row"
    assert order(x.mT) == "column"
    assert order(x[:, :, :31]) == "row"
    assert order(x[:, :, 1:]) == "strided", "address"
    assert order(x[:, ::3]) == "row"
    assert order(x[:, :, ::2]) == "strided", "neighbours"
    assert order(x[:1, :1].expand(2, 24, 40)) == "strided", "repeated rows"
    assert order(x[:1].expand(2, 24, 40)) == "row", "repeated matrices"
    assert order(x.flatten()[: 2 * 23 * 39].view(2, 23, 39)) == "strided", "rows of 78 bytes"
    assert order(x[:, :0]) == "strided", "nothing"
    assert order(x[:1, :1, :7]) == "row", "one row: where the next would begin does not matter"


def test_a_repeated_matrix_is_described_once(device: str) -> None:
    """A stride of 0 is nothing that a descriptor can be relied on to take."""
    a = torch.zeros(3, 16, 24, device=device)
    b = torch.zeros(1, 24, 8, device=device).expand(3, 24, 8)
    found = problem.sizes(problem.Call(a, b, None, torch.zeros(3, 16, 8, device=device)))
    assert (found["a_batch"], found["a_each"], found["a_line"]) == (3, 16 * 24, 24)
    assert (found["b_batch"], found["b_each"], found["b_line"]) == (1, 24 * 8, 8)


def test_strides_of_a_descriptor_are_multiples_of_16_bytes(device: str) -> None:
    """Also where there is one row, whose stride means nothing to torch."""
    a = torch.zeros(1, 1, 24, device=device).as_strided((1, 1, 24), (7, 5, 1))
    found = problem.sizes(problem.Call(a, a.mT, None, torch.zeros(1, 1, 1, device=device)))
    for name in ("a_each", "a_line", "b_each", "b_line"):
        assert found[name] * 4 % 16 == 0, name


def test_unknown_conditions_are_refused() -> None:
    config = Config("new", "deepkernels.matmul.pointers:strided", {}, 4, 4, {"max_q": 3})
    with pytest.raises(ValueError, match=r"matmul: new has unknown conditions \['max_q'\]"):
        choice._fits(config, Problem(1, 1, 1), 132)
