"""Which files of the package an experiment stands on."""

from pathlib import Path

import pytest

from deeplearning.experiments.imports import library_digest, library_files

FILES = {
    "deeplearning/__init__.py": "",
    "deeplearning/nn/__init__.py": "from deeplearning.nn.linear import Linear",
    "deeplearning/nn/linear.py": "from ..autograd import Tensor\nfrom . import init",
    "deeplearning/nn/init.py": "import numpy",
    "deeplearning/autograd/__init__.py": "from deeplearning.autograd.tensor import Tensor",
    "deeplearning/autograd/tensor.py": "import deeplearning.nn",  # a circle must end
    "deeplearning/data/__init__.py": "",
    "deeplearning/records/__init__.py": "import deeplearning.data",
    "deeplearning/optim/__init__.py": "",
    "deeplearning/optim/sgd.py": "",
}


@pytest.fixture
def code(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def names(code: Path, text: str) -> list[str]:
    path = code / "n01_toy.py"
    path.write_text(text, encoding="utf-8")
    return [
        file.relative_to(code / "deeplearning").as_posix() for file in library_files(path, code)
    ]


ENGINE = [
    "autograd/__init__.py",
    "autograd/tensor.py",
    "nn/__init__.py",
    "nn/init.py",
    "nn/linear.py",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import numpy, os.path", []),
        ("import deeplearning.optim", ["__init__.py", "optim/__init__.py"]),
        (
            "import deeplearning.optim.sgd as s",
            ["__init__.py", "optim/__init__.py", "optim/sgd.py"],
        ),
        (
            "from deeplearning.optim import sgd",
            ["__init__.py", "optim/__init__.py", "optim/sgd.py"],
        ),
        ("from deeplearning import nn", sorted(["__init__.py", *ENGINE])),
        ("def run():\n    from deeplearning.nn import Linear", sorted(["__init__.py", *ENGINE])),
        ("from deeplearning.records import Metrics", []),
        ("from deeplearninger import nn\nfrom . import other", []),
    ],
)
def test_imports_are_followed(code: Path, text: str, expected: list[str]) -> None:
    assert names(code, text) == expected


def test_the_digest_follows_the_code_below_but_not_its_comments(code: Path) -> None:
    path = code / "n01_toy.py"
    path.write_text("from deeplearning import nn", encoding="utf-8")
    before = library_digest(path, code)
    tensor = code / "deeplearning/autograd/tensor.py"
    tensor.write_text(FILES["deeplearning/autograd/tensor.py"] + "  # why", encoding="utf-8")
    assert library_digest(path, code) == before
    (code / "deeplearning/optim/sgd.py").write_text("x = 1", encoding="utf-8")
    assert library_digest(path, code) == before
    tensor.write_text("x = 1", encoding="utf-8")
    assert library_digest(path, code) != before


def test_on_the_package_itself() -> None:
    import deeplearning.experiments as experiments

    path = Path(experiments.__file__).with_name("worker.py")
    assert all(file.is_file() for file in library_files(path))
