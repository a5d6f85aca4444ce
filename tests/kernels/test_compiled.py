"""What the compile-only path reports, on kernels whose instructions are known."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import triton
import triton.language as tl

from deepkernels import compiled
from deepkernels.compiled import GCN, PTX, SHARED_LIMIT, TARGETS, Facts, Request, count, facts

KERNELS = """
import os
import re
import triton
import triton.language as tl


@triton.jit
def described(a, b, c, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, ACC: tl.constexpr):
    rows = tl.make_tensor_descriptor(a, [M, K], [K, 1], [BM, BK])
    columns = tl.make_tensor_descriptor(b, [K, N], [N, 1], [BK, BN])
    result = tl.make_tensor_descriptor(c, [M, N], [N, 1], [BM, BN])
    m, n = tl.program_id(0) * BM, tl.program_id(1) * BN
    acc = tl.zeros((BM, BN), ACC)
    for k in range(0, K, BK):
        acc = tl.dot(rows.load([m, k]), columns.load([k, n]), acc)
    result.store([m, n], acc.to(c.dtype.element_ty))


@triton.jit
def pointed(a, b, c, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    m, n = tl.program_id(0) * BM + tl.arange(0, BM), tl.program_id(1) * BN + tl.arange(0, BN)
    k = tl.arange(0, BK)
    acc = tl.zeros((BM, BN), tl.float32)
    for start in range(0, K, BK):
        left = tl.load(a + m[:, None] * K + (start + k)[None, :])
        acc = tl.dot(left, tl.load(b + (start + k)[:, None] * N + n[None, :]), acc)
    tl.store(c + m[:, None] * N + n[None, :], acc.to(c.dtype.element_ty))


@triton.jit
def added(x, y, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.atomic_add(y + i, tl.load(x + i, mask=i < n), mask=i < n)


@triton.jit
def copied(x, y, stride, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(y + i, tl.load(x + i * stride))
"""
CRASHING = "import os, sys\nsys.stderr.write('out of luck\\n')\nsys.stderr.flush()\nos._exit(9)\n"
PRODUCT = {"a": "*bf16", "b": "*bf16", "c": "*bf16", "M": "i32", "N": "i32", "K": "i32"}
TILE = {"BM": 128, "BN": 128, "BK": 64}
COPY = {"x": "*fp32", "y": "*fp32"}


def pointed(target: str, warps: int = 4, **tile: int) -> Request:
    return Request(
        "some_kernels:pointed", PRODUCT, TILE | tile, warps, 3, target, divisible=tuple(PRODUCT)
    )


REQUESTS = {
    "described": Request(
        "some_kernels:described",
        PRODUCT,
        TILE | {"ACC": tl.float32},
        8,
        3,
        divisible=tuple(PRODUCT),
    ),
    "large": pointed("sm_90", warps=8, BN=256),
    "spilling": pointed("sm_90", warps=4, BM=256, BN=256),
    **{target: pointed(target) for target in TARGETS},
    **{
        f"added {target}": Request(
            "some_kernels:added", COPY | {"n": "i32"}, {"BLOCK": 128}, target=target
        )
        for target in TARGETS
    },
    "aligned": Request(
        "some_kernels:copied", COPY, {"stride": 1, "BLOCK": 512}, divisible=("x", "y")
    ),
    "unaligned": Request("some_kernels:copied", COPY, {"stride": 1, "BLOCK": 512}),
    "not a power of two": pointed("sm_90", BN=120),
    "crashing": Request("crashing_kernels:any", COPY),
    "after the crash": Request(
        "some_kernels:added", COPY | {"n": "i32"}, {"BLOCK": 64}, num_warps=2
    ),
    "no such kernel": Request("some_kernels:absent", COPY),
    "argument forgotten": Request("some_kernels:added", COPY, {"BLOCK": 64}),
    "argument too many": Request(
        "some_kernels:added", COPY | {"n": "i32", "m": "i32"}, {"BLOCK": 64}
    ),
    "both": Request("some_kernels:added", COPY | {"n": "i32"}, {"BLOCK": 64, "n": 3}),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "some_kernels.py").write_text(KERNELS, encoding="utf-8")
    (folder / "crashing_kernels.py").write_text(CRASHING, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("TRITON_INTERPRET", "1")
        patch.setenv("TRITON_CACHE_DIR", str(folder / "cache"))
        answers = facts(list(REQUESTS.values()))
    return dict(zip(REQUESTS, answers, strict=True))


def test_hopper_multiplies_in_shared_memory_what_descriptors_load(found: dict[str, Facts]) -> None:
    product = found["described"]
    assert product.error is None
    assert product.instructions["wgmma"] > 0
    assert product.instructions["tma_load"] > 0
    assert product.instructions["tma_store"] > 0
    assert product.instructions["ld_global"] == product.instructions["cp_async"] == 0
    assert (product.spills, product.threads) == (0, 256)
    # Three stages of a 128 × 64 and a 64 × 128 tile, two bytes an element.
    assert 3 * 2 * 128 * 64 * 2 <= product.shared <= SHARED_LIMIT["sm_90"]
    assert 0 < product.seconds < 120


@pytest.mark.parametrize(
    ("target", "multiplies", "others"),
    [("sm_80", "mma", "wgmma mfma"), ("sm_90", "wgmma", "mfma"), ("gfx942", "mfma", "mma wgmma")],
)
def test_every_target_multiplies_in_its_own_way(
    found: dict[str, Facts], target: str, multiplies: str, others: str
) -> None:
    product = found[target]
    assert product.error is None
    assert product.instructions[multiplies] > 0
    assert not any(product.instructions[name] for name in others.split())
    assert product.instructions["st_global"] > 0
    assert 0 < product.registers <= 512
    assert product.threads == 4 * (64 if target == "gfx942" else 32)


def test_larger_tiles_take_more_shared_memory(found: dict[str, Facts]) -> None:
    assert found["large"].shared > found["sm_90"].shared
    assert found["large"].spills == 0


def test_what_does_not_fit_into_registers_is_seen(found: dict[str, Facts]) -> None:
    # 256 × 256 sums over 128 threads are 512 registers a thread; there are 255.
    assert found["spilling"].error is None
    assert found["spilling"].registers == 255
    assert found["spilling"].spills > 0


@pytest.mark.parametrize("target", TARGETS)
def test_atomic_additions_are_counted(found: dict[str, Facts], target: str) -> None:
    added = found[f"added {target}"]
    assert added.error is None
    assert added.instructions["atom"] > 0
    assert added.instructions["ld_global"] > 0
    assert added.instructions["st_global"] == 0
    assert added.shared == 0


def test_alignment_that_is_promised_makes_wide_loads(found: dict[str, Facts]) -> None:
    # 512 elements over 128 threads: four loads of one element each, or one of four.
    assert found["aligned"].instructions["ld_global"] == 1
    assert found["unaligned"].instructions["ld_global"] == 4


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("not a power of two", "CompilationError"),
        ("crashing", r"the compiler crashed \(exit status 9\): out of luck"),
        ("no such kernel", "absent"),
        ("argument forgotten", "lacks n; the kernel's arguments are x, y, n, BLOCK"),
        ("argument too many", "names what the kernel lacks: m;"),
        ("both", "gives both a type and a value to n;"),
    ],
)
def test_what_does_not_compile_says_why_and_nothing_else(
    found: dict[str, Facts], name: str, message: str
) -> None:

    assert re.search(message, found[name].error or "")
    assert (found[name].registers, found[name].shared, found[name].threads) == (0, 0, 0)


def test_a_crash_leaves_the_next_request_alone(found: dict[str, Facts]) -> None:
    assert found["after the crash"].error is None
    assert found["after the crash"].threads == 64


def test_nothing_asked_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("a process was started"))
    assert facts([]) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": "ladder.tiled"}, "kernel must be 'module:function'"),
        ({"target": "sm_70"}, "target must be one of sm_80, sm_90, gfx942"),
    ],
)
def test_requests_that_make_no_sense(change: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Request(**({"kernel": "a.b:c", "types": {}} | change))


def test_a_wheel_without_the_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(triton, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(ValueError, match=r"has no .*cuobjdump.*install Triton's own wheel"):
        compiled.cuobjdump()


@pytest.mark.parametrize(
    ("stdout", "error", "message"),
    [
        ('{"unusable": "no tool"}\n', ValueError, "no tool"),
        ("", RuntimeError, r"ended with 1 before its first kernel: boom"),
    ],
)
def test_a_process_that_cannot_begin(
    monkeypatch: pytest.MonkeyPatch, stdout: str, error: type, message: str
) -> None:
    def run(command: list[str], **keywords: object) -> object:
        assert command == [sys.executable, "-m", "deepkernels.compiled"]
        assert "TRITON_INTERPRET" not in keywords["env"]
        return subprocess.CompletedProcess(command, 1, stdout, "boom")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setitem(os.environ, "TRITON_INTERPRET", "1")
    with pytest.raises(error, match=message):
        facts([REQUESTS["aligned"]])


# Lines as compilers write them, one of each kind and its nearest neighbours.
LINES = [
    (PTX, "wgmma", "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {%r1}, %rd1, %rd2;"),
    (PTX, "mma", "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 { %f1 }, { %r1 };"),
    (
        PTX,
        "tma_load",
        "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1];",
    ),
    (
        PTX,
        "tma_store",
        "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd1, {%r1}], [%r3];",
    ),
    (PTX, "cp_async", "cp.async.cg.shared.global [ %r1 + 0 ], [ %rd1 + 0 ], 0x10, %r2;"),
    (PTX, "ld_shared", "ld.shared::cta.v4.b32 {%r1, %r2, %r3, %r4}, [%r5];"),
    (PTX, "st_shared", "st.shared.v4.b32 [%r5], {%r1, %r2, %r3, %r4};"),
    (PTX, "ldmatrix", "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1}, [%r5];"),
    (PTX, "ld_global", "@%p1 ld.global.v4.b32 { %r1, %r2, %r3, %r4 }, [ %rd1 + 0 ];"),
    (PTX, "ld_global", "ld.volatile.global.b32 %r1, [%rd1];"),
    (PTX, "st_global", "@%p1 st.global.b16 [ %rd1 + 0 ], { %rs1 };"),
    (PTX, "atom", "atom.global.gpu.acq_rel.add.f32 %f1, [ %rd1 + 0 ], %f2;"),
    (PTX, "fma", "fma.rn.f32 %f1, %f2, %f3, %f4;"),
    (PTX, "barrier", "bar.sync 0;"),
    (GCN, "mfma", "v_mfma_f32_32x32x8_bf16 v[0:15], v[16:17], v[18:19], v[0:15]"),
    (GCN, "ld_global", "global_load_dwordx4 v[0:3], v[4:5], off"),
    (GCN, "ld_global", "buffer_load_ushort v1, v2, s[0:3], 0 offen"),
    (GCN, "st_global", "buffer_store_short v1, v2, s[0:3], 0 offen"),
    (GCN, "ld_shared", "ds_read_b128 v[0:3], v4"),
    (GCN, "st_shared", "ds_write_b64 v4, v[0:1]"),
    (GCN, "atom", "global_atomic_add_f32 v0, v1, s[0:1]"),
    (GCN, "fma", "v_fma_f32 v0, v1, v2, v3"),
    (GCN, "barrier", "s_barrier"),
]


@pytest.mark.parametrize(
    ("patterns", "kind", "line"), LINES, ids=[f"{x[1]}-{x[2][:16]}" for x in LINES]
)
def test_each_instruction_counts_as_one_kind(
    patterns: dict[str, str], kind: str, line: str
) -> None:
    assert {name: n for name, n in count(f"\t{line}\n", patterns).items() if n} == {kind: 1}
