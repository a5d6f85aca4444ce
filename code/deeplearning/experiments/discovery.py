"""Finding experiments: every file `<letter><number>_<slug>.py` of a folder."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from deeplearning.experiments.errors import ExperimentError
from deeplearning.experiments.experiment import Experiment
from deeplearning.records.store import natural

FOLDER = Path(__file__).resolve().parent


def find(folder: str | Path = FOLDER) -> dict[str, Path]:
    """Id to file, in order (B1, …, N2, …, N10), without importing any of them.

    Raises:
        ExperimentError: two files claim the same id.
    """
    found: dict[str, Path] = {}
    for path in sorted(Path(folder).glob("*.py")):
        match = re.fullmatch(r"([a-z])0*([1-9][0-9]*)_[a-z0-9_]+", path.stem)
        if match:
            id = match[1].upper() + match[2]
            if id in found:
                raise ExperimentError(
                    f"two files measure {id}: {found[id].name} and {path.name}; rename one"
                )
            found[id] = path
    return {id: found[id] for id in sorted(found, key=natural)}


def get(id: str, folder: str | Path = FOLDER) -> Experiment:
    """The experiment of a claim; `n3` and `N03` mean N3.

    Raises:
        ExperimentError: no such id (the message lists near ones and all), or its file is broken.
    """
    return load(source(id, folder))


def source(id: str, folder: str | Path = FOLDER) -> Path:
    """The file of a claim's experiment.

    Raises:
        ExperimentError: no such id.
    """
    found = find(folder)
    match = re.fullmatch(r"([A-Za-z])0*([0-9]+)", id.strip())
    wanted = match[1].upper() + match[2] if match else id
    if wanted in found:
        return found[wanted]
    near = difflib.get_close_matches(wanted.upper(), list(found), n=3, cutoff=0.4)
    hint = f" (near: {', '.join(sorted(near, key=natural))})" if near else ""
    raise ExperimentError(f"no experiment {id!r}{hint}; there are {', '.join(found) or 'none'}")


def load(path: str | Path) -> Experiment:
    """The `EXPERIMENT` of a file.

    Raises:
        ExperimentError: the file cannot be imported, has no `EXPERIMENT`, or another id than its name says.
    """
    path = Path(path).resolve()
    try:
        module = _import(path)
    except Exception as error:
        raise ExperimentError(
            f"{path.name} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    experiment = getattr(module, "EXPERIMENT", None)
    if not isinstance(experiment, Experiment):
        raise ExperimentError(f"{path.name} must end with: EXPERIMENT = Experiment(id=…, …)")
    named = next((id for id, file in find(path.parent).items() if file == path), None)
    if experiment.id != named:
        raise ExperimentError(
            f"{path.name} is named for {named}, but its EXPERIMENT has the id {experiment.id}"
        )
    return experiment


def _import(path: Path) -> ModuleType:
    if path.parent == FOLDER:
        return importlib.import_module(f"deeplearning.experiments.{path.stem}")
    # Other folders are not packages: the name is made of place and content, so a changed file is read again.
    name = (
        f"experiment_{path.stem}_{hashlib.sha256(bytes(path) + path.read_bytes()).hexdigest()[:12]}"
    )
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def discover(folder: str | Path = FOLDER) -> dict[str, Experiment]:
    """Id to experiment, for every file of the folder.

    Raises:
        ExperimentError: one of the files is broken.
    """
    return {id: load(path) for id, path in find(folder).items()}
