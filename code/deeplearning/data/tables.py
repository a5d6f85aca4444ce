"""Four tables of features that scikit-learn brings along: a row is a thing, a column something noted about it.

Two are small sets of measurements. The other two are the passengers of the Titanic and the chess endgames of Shapiro,
as OpenML publishes them; scikit-learn's own tests read these two files, so that they are installed with it.
"""

import csv
import gzip
import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deeplearning.data.errors import DataError

MISSING = "?"


@dataclass(frozen=True, eq=False)
class Table:
    """A table with a class for every row.

    Args:
        x: (N, D) float32, one column a feature; NaN where a number is missing. A feature with m ≥ 3 names as its
            values has m columns of 0 and 1, one with two names has one.
        y: (N,) int64, the class.
        features: D names.
        classes: K names.
    """

    x: np.ndarray
    y: np.ndarray
    features: tuple[str, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """An ARFF file among scikit-learn's tests.

    Args:
        path: below scikit-learn's folder of data sets from OpenML.
        md5: of the uncompressed file, as OpenML publishes it.
        target: the column that is the class.
        left_out: columns that are not used.
    """

    path: str
    md5: str
    target: str
    left_out: tuple[str, ...] = ()


CHESS = File(
    "id_3/data-v1-dl-3.arff.gz", "ad6eb32b7492524d4382a40e23cdbb8e", "class"
)  # fmt: skip
# Names, tickets and cabins are nearly unique; boat and body were written down after the ship had sunk.
TITANIC = File(
    "id_40945/data-v1-dl-16826755.arff.gz", "60ac7205eee0ba5045c90b3bba95b1c4", "survived",
    ("name", "ticket", "cabin", "boat", "body", "home.dest"),
)  # fmt: skip


def table(name: str) -> Table:
    """Load a table by its name, whole and in the order of its file.

    - ``wine``: 178 wines of one region, 13 chemical measurements, three growers (Forina and others, 1991).
    - ``cancer``: 569 tumours, 30 numbers that describe a picture of their cells, malignant or benign (Street and
      others, 1993).
    - ``titanic``: 1,309 passengers: class, sex, age, relatives on board, fare, harbour; drowned or survived (Harrell
      and Cason, 2002). An age or a fare may be missing.
    - ``chess``: 3,196 positions of king and rook against king and pawn, described by 36 answers that a chess player
      thought worth asking; White can win or not (Shapiro, 1987).

    ``ValueError`` for another name; :class:`DataError` if scikit-learn does not bring the file, or another one.

    >>> chess = table("chess")
    >>> chess.x.shape, chess.classes
    ((3196, 40), ('won', 'nowin'))
    """
    if name not in TABLES:
        raise ValueError(f"table: name={name!r}; give one of {', '.join(TABLES)}")
    return TABLES[name]()


def _bundled(loader: str) -> Table:
    # scikit-learn takes a second to import, which `import deeplearning.data` should not cost.
    from sklearn import datasets

    source = getattr(datasets, loader)()
    return Table(
        source.data.astype(np.float32), source.target.astype(np.int64),
        tuple(map(str, source.feature_names)), tuple(map(str, source.target_names)),
    )  # fmt: skip


def _openml(file: File) -> Table:
    return parse(_read(file), file.target, file.left_out)


def _read(file: File, folder: Path | None = None) -> str:
    """Return the file's text if it is the published one."""
    if folder is None:
        package = importlib.util.find_spec("sklearn")
        if package is None or package.origin is None:
            raise DataError(f"{file.path} comes with scikit-learn, which is not installed here")
        folder = Path(package.origin).parent / "datasets" / "tests" / "data" / "openml"
    path = folder / file.path
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise DataError(
            f"{path} cannot be read ({error}). It is part of scikit-learn's tests; install scikit-learn from its "
            "wheel, in the version of requirements.lock"
        ) from error
    md5 = hashlib.md5(content).hexdigest()
    if md5 != file.md5:
        raise DataError(
            f"{path} is not the table that OpenML publishes: MD5 {md5}, not {file.md5}; install scikit-learn in the "
            "version of requirements.lock"
        )
    return content.decode("utf-8")


def parse(text: str, target: str, left_out: tuple[str, ...] = ()) -> Table:
    """Read a table in the ARFF format: declared columns, then one row a line.

    ``text`` is the file's content, ``target`` the column of the class and ``left_out`` columns to skip. Numbers become
    one column, names as :class:`Table` says; a missing name is 0 in all its columns. ``DataError`` for a row of
    another length, a name that was not declared and a column that is neither numbers nor names.

    >>> small = parse("@attribute size numeric\\n@attribute 'kind' {a,b}\\n@data\\n1.5,'b'\\n?,'a'", target="kind")
    >>> small.x.tolist(), small.y.tolist(), small.features
    ([[1.5], [nan]], [1, 0], ('size',))
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("%")]
    start = next(i for i, line in enumerate(lines) if line.lower().startswith("@data"))
    declared = [
        line.split(None, 2)[1:] for line in lines[:start] if line.lower().startswith("@attribute")
    ]
    names = [name.strip("'\"") for name, _ in declared]
    kinds = [kind.strip() for _, kind in declared]
    body = lines[start + 1 :]
    quote = "'" if body[0].count("'") > body[0].count('"') else '"'
    rows = list(csv.reader(body, quotechar=quote))
    if any(len(row) != len(names) for row in rows):
        raise DataError(f"a row of the table has not the {len(names)} columns that it declares")
    columns: list[np.ndarray] = []
    features: list[str] = []
    y = np.empty(0, np.int64)
    classes: tuple[str, ...] = ()
    for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        if name in left_out:
            continue
        values = [row[number].strip() for row in rows]
        if kind.lower() in ("numeric", "real", "integer"):
            numbers = [np.nan if value == MISSING else float(value) for value in values]
            columns.append(np.array(numbers, np.float32))
            features.append(name)
            continue
        if not kind.startswith("{"):
            raise DataError(f"column {name!r} is {kind}: leave it out, or declare its values")
        options = tuple(option.strip().strip("'\"") for option in kind.strip("{}").split(","))
        if not set(values) <= {*options, MISSING}:
            raise DataError(f"column {name!r} has values that it does not declare: {options}")
        if name == target:
            y, classes = np.array([options.index(value) for value in values], np.int64), options
            continue
        for option in options[1:] if len(options) == 2 else options:
            columns.append(np.array([value == option for value in values], np.float32))
            features.append(f"{name}={option}")
    if not classes:
        raise DataError(f"the table has no column {target!r} of declared classes")
    return Table(np.stack(columns, axis=1), y, tuple(features), classes)


TABLES: dict[str, Callable[[], Table]] = {
    "wine": lambda: _bundled("load_wine"),
    "cancer": lambda: _bundled("load_breast_cancer"),
    "titanic": lambda: _openml(TITANIC),
    "chess": lambda: _openml(CHESS),
}
