"""The compile-only path: what Triton's compiler makes of a kernel, on a machine without a GPU.

`facts` compiles kernels for a named architecture in one subprocess and reports registers, stack, shared memory and the
instructions by kind. The subprocess runs without `TRITON_INTERPRET`, because a process in which Triton interprets
cannot compile. Run by hand: `python -m deepkernels.compiled < requests.json`, a JSON list of `Request`s as objects.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Target → (back end, architecture, threads in a warp), as Triton's GPUTarget takes them.
TARGETS = {
    "sm_80": ("cuda", 80, 32),
    "sm_90": ("cuda", 90, 32),
    "gfx942": ("hip", "gfx942", 64),
}

#: Target → bytes of shared memory that one block may have (CUDA C++ Programming Guide, compute capabilities; AMD
#: CDNA 3 instruction set architecture, local data share).
SHARED_LIMIT = {"sm_80": 163 * 1024, "sm_90": 227 * 1024, "gfx942": 64 * 1024}

#: Kind → pattern in NVIDIA's PTX. `wgmma` multiplies tiles that lie in shared memory, by a group of four warps; `mma`
#: multiplies fragments in registers, by one warp. A TMA load fills a tile of shared memory by one instruction.
PTX = {
    "wgmma": r"\bwgmma\.mma_async",
    "mma": r"\bmma\.sync",
    "tma_load": r"\bcp\.async\.bulk\.tensor\.\d+d\.shared",
    "tma_store": r"\bcp(?:\.reduce)?\.async\.bulk\.tensor\.\d+d\.(?:global|reduce)",
    "cp_async": r"\bcp\.async\.c[ag]\.shared",
    "ld_shared": r"\bld\.shared",
    "st_shared": r"\bst\.shared",
    "ldmatrix": r"\bldmatrix\.",
    "ld_global": r"\bld(?:\.\w+)*\.global",
    "st_global": r"\bst(?:\.\w+)*\.global",
    "atom": r"\b(?:atom|red)\.(?:\w+\.)*global",
    "fma": r"\bfma\.",
    "barrier": r"\bbar(?:rier)?\.(?:cta\.)?sync",
}

#: The same kinds in AMD's assembly, where they exist there.
GCN = {
    "mfma": r"\bv_mfma_",
    "cp_async": r"\b(?:buffer|global)_load_(?:\w*lds\w*|.*\blds\b)",
    "ld_shared": r"\bds_(?:read|load)",
    "st_shared": r"\bds_(?:write|store)",
    "ld_global": r"\b(?:global|buffer|flat)_load_",
    "st_global": r"\b(?:global|buffer|flat)_store_",
    "atom": r"\b(?:global|buffer|flat)_atomic_",
    "fma": r"\bv_(?:pk_)?(?:fma|fmac|mad|mac)_",
    "barrier": r"\bs_barrier",
}

KINDS = tuple(dict.fromkeys([*PTX, *GCN]))


@dataclass(frozen=True)
class Request:
    """One kernel to compile.

    Args:
        kernel: where it is, "module:function", e.g. "deepkernels.matmul.ladder:tiled".
        types: type of each argument that is known at launch only: {"a": "*bf16", "M": "i32"}.
        meta: value of each argument that is known when compiling: those annotated `tl.constexpr`, and others that a
            launch would fold, such as a stride of 1. Data types may be given as `tl.float32`.
        num_warps: warps a block.
        num_stages: loads in flight in a pipelined loop.
        target: a key of `TARGETS`.
        divisible: arguments that are multiples of 16 (pointers: aligned to 16 bytes); launches find this out
            themselves, and without it no vector load and no TMA store is possible.

    >>> Request("package.module:kernel", {"x": "*fp16", "n": "i32"}, {"BLOCK": 128}).num_warps
    4
    """

    kernel: str
    types: Mapping[str, str]
    meta: Mapping[str, Any] = field(default_factory=dict)
    num_warps: int = 4
    num_stages: int = 3
    target: str = "sm_90"
    divisible: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.]+:\w+", self.kernel):
            raise ValueError(
                f"kernel must be 'module:function' such as 'deepkernels.matmul.ladder:tiled'; got {self.kernel!r}"
            )
        if self.target not in TARGETS:
            raise ValueError(f"target must be one of {', '.join(TARGETS)}; got {self.target!r}")


@dataclass(frozen=True)
class Facts:
    """What the compiler made of one `Request`.

    `registers`, `spills` (bytes of stack a thread: what did not fit into registers) and `threads` are for one thread or
    block; `shared` is in bytes a block. `instructions` counts the program's text, not what is executed: a loop's body
    counts once. NVIDIA's are counted in PTX, before the assembler's own choices. `seconds` is the time of compiling,
    near 0 if Triton had it in its cache. `error` is None, or why it does not compile; then the numbers are 0.
    """

    registers: int = 0
    spills: int = 0
    shared: int = 0
    threads: int = 0
    instructions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    seconds: float = 0.0
    error: str | None = None


def facts(requests: Sequence[Request]) -> list[Facts]:
    """Compile every request, in one subprocess without the interpreter, and report on each.

    A request that does not compile gets its `error`; the others are not affected. If the compiler itself crashes, the
    request that it was working on gets that as its error, and a new subprocess goes on with the next.

    Raises:
        ValueError: the installed Triton lacks the tool that reads registers.
        RuntimeError: the subprocess ended before it began to compile.
    """
    found: list[Facts] = []
    while len(found) < len(requests):
        found += _in_subprocess(requests[len(found) :])
    return found


def _in_subprocess(requests: Sequence[Request]) -> list[Facts]:
    environment = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    room = str(Path(__file__).resolve().parents[1])
    environment["PYTHONPATH"] = os.pathsep.join([room, *(path for path in sys.path if path)])
    done = subprocess.run(
        [sys.executable, "-m", "deepkernels.compiled"],
        input=json.dumps([_encoded(request) for request in requests]),
        capture_output=True,
        text=True,
        env=environment,
    )
    lines = done.stdout.splitlines()
    if not lines or json.loads(lines[0]) != "ready":
        unusable = json.loads(lines[0])["unusable"] if lines else None
        if unusable:
            raise ValueError(unusable)
        raise RuntimeError(
            f"the compiling process ended with {done.returncode} before its first kernel: "
            f"{done.stderr.strip()[-800:]}"
        )
    found = [Facts(**json.loads(line)) for line in lines[1:]]
    if len(found) < len(requests):
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        found.append(
            Facts(error=f"the compiler crashed (exit status {done.returncode}): {last[0]}")
        )
    return found


def _encoded(request: Request) -> dict[str, Any]:
    content = dataclasses.asdict(request)
    # A data type (tl.float32) is no JSON; its name finds it again in triton.language.
    content["meta"] = {
        name: {"language": str(value.name)} if hasattr(value, "primitive_bitwidth") else value
        for name, value in request.meta.items()
    }
    return content


def _decoded(content: dict[str, Any]) -> Request:
    import triton.language as tl

    names = {"fp8e4nv": "float8e4nv", "fp8e5": "float8e5", "bf16": "bfloat16", "fp16": "float16"}
    names |= {"fp32": "float32", "fp64": "float64"}

    def language(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        name = str(value["language"])
        return getattr(tl, names.get(name, name))

    meta = {name: language(value) for name, value in content["meta"].items()}
    return Request(**{**content, "meta": meta})


def _compile(request: Request) -> Facts:
    """Compile one request in this process."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    module, _, name = request.kernel.partition(":")
    kernel = getattr(importlib.import_module(module), name)
    arguments = list(inspect.signature(kernel.fn).parameters)
    _check_names(request, arguments)
    source = ASTSource(
        kernel,
        {name: request.types.get(name, "constexpr") for name in arguments},
        constexprs=dict(request.meta),
        attrs={(arguments.index(name),): [["tt.divisibility", 16]] for name in request.divisible},
    )
    options = {"num_warps": request.num_warps, "num_stages": request.num_stages}
    begin = time.perf_counter()
    compiled = triton.compile(source, target=GPUTarget(*TARGETS[request.target]), options=options)
    seconds = time.perf_counter() - begin
    read = _read_amd if request.target.startswith("gfx") else _read_nvidia
    return Facts(shared=int(compiled.metadata.shared), seconds=seconds, **read(compiled, request))


def _check_names(request: Request, arguments: list[str]) -> None:
    given = [*request.types, *request.meta]
    for problem, names in (
        ("lacks", [name for name in arguments if name not in given]),
        (
            "gives both a type and a value to",
            [name for name in request.types if name in request.meta],
        ),
        (
            "names what the kernel lacks:",
            [name for name in [*given, *request.divisible] if name not in arguments],
        ),
    ):
        if names:
            raise ValueError(
                f"the request for {request.kernel} {problem} {', '.join(names)}; "
                f"the kernel's arguments are {', '.join(arguments)}"
            )


def count(text: str, patterns: Mapping[str, str]) -> dict[str, int]:
    """How often each kind of instruction stands in a program's text.

    >>> count("ld.global.b32 %r1, [%rd1];", PTX)["ld_global"]
    1
    """
    return {
        kind: len(re.findall(patterns[kind], text)) if kind in patterns else 0 for kind in KINDS
    }


def _read_nvidia(compiled: Any, request: Request) -> dict[str, Any]:
    text = compiled.asm["ptx"]
    # Warp specialisation starts more threads than num_warps says; the program's head has the truth.
    threads = re.search(r"\.(?:reqntid|maxntid)\s+(\d+)", text)
    with tempfile.NamedTemporaryFile(suffix=".cubin") as binary:
        binary.write(compiled.asm["cubin"])
        binary.flush()
        usage = subprocess.run(
            [str(cuobjdump()), "-res-usage", binary.name],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    found = re.search(r"\bREG:(\d+) STACK:(\d+)", usage)
    if found is None:
        raise RuntimeError(f"cuobjdump -res-usage names no registers: {usage.strip()[:300]!r}")
    return {
        "registers": int(found[1]),
        "spills": int(found[2]),
        "threads": int(threads[1]) if threads else 32 * request.num_warps,
        "instructions": count(text, PTX),
    }


def _read_amd(compiled: Any, request: Request) -> dict[str, Any]:
    text = compiled.asm["amdgcn"]

    def value(key: str) -> int:
        found = re.search(rf"\.{key}:\s+(\d+)", text)
        if found is None:
            raise RuntimeError(f"the assembly's metadata has no .{key}")
        return int(found[1])

    return {
        "registers": value("vgpr_count"),
        "spills": value("private_segment_fixed_size"),
        "threads": 64 * request.num_warps,
        "instructions": count(text, GCN),
    }


def cuobjdump() -> Path:
    """The tool of NVIDIA's that reads registers and stack from a binary; Triton's wheel carries it.

    Raises:
        ValueError: this wheel does not.
    """
    import triton

    path = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    if not path.is_file():
        raise ValueError(
            f"Triton {triton.__version__} here has no {path}, which reads a kernel's registers; "
            "install Triton's own wheel (pip install --force-reinstall triton)"
        )
    return path


def _answers(requests: list[dict[str, Any]]) -> Iterator[Any]:
    try:
        cuobjdump()
    except ValueError as error:
        yield {"unusable": str(error)}
        return
    yield "ready"
    for content in requests:
        try:
            yield dataclasses.asdict(_compile(_decoded(content)))
        except Exception as error:  # whatever the compiler raises is the answer to this request
            text = f"{type(error).__name__}: {error}".strip()
            yield dataclasses.asdict(Facts(error=text[:2000]))


def main() -> None:
    """Read requests from the standard input, write one line of JSON for each to the standard output."""
    # The compiler prints to the standard output when it fails; that must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for answer in _answers(json.load(sys.stdin)):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
