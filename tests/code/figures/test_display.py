"""From figure to page: one image, equal bytes, nothing left open."""

import base64
import io
import struct
import xml.etree.ElementTree as ElementTree
from typing import Any

import IPython.display
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from deeplearning.figures import mean_and_spread, new, show, to_png, to_svg


def example() -> Figure:
    figure, axes = new("small")
    mean_and_spread(axes, [0, 1, 2], np.random.default_rng(0).random((3, 3)), "loss")
    axes.set(xlabel="epoch", ylabel="loss")
    axes.legend()
    return figure


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []

    def display(content: dict[str, Any], raw: bool = False) -> None:
        assert raw
        outputs.append(content)

    monkeypatch.setattr(IPython.display, "display", display)
    return outputs


def test_svg_is_whole_small_and_has_no_text_or_date() -> None:
    svg = to_svg(example())
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert root.get("width") == "316.8pt"  # 4.4 inches
    assert "<text" not in svg  # outlines: no font is needed
    assert "<dc:date>" not in svg
    assert len(svg) < 60_000


def test_equal_figures_give_equal_bytes() -> None:
    assert to_svg(example()) == to_svg(example())
    assert to_png(example()) == to_png(example())


def test_the_style_holds_whatever_is_set() -> None:
    expected = to_svg(example())
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": None, "savefig.facecolor": "red"}):
        assert to_svg(example()) == expected


def test_png_has_twice_the_pixels_and_is_white() -> None:
    png = to_png(example())
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (int(4.4 * 192), int(3.2 * 192))
    corner = plt.imread(io.BytesIO(png))[0, 0]
    assert corner.tolist() == [1, 1, 1, 1]


def test_show_gives_one_svg(displayed: list) -> None:
    assert show(example()) is None
    (content,) = displayed
    assert set(content) == {"image/svg+xml", "text/plain"}
    assert content["image/svg+xml"] == to_svg(example())


def test_show_gives_one_png(displayed: list) -> None:
    show(example(), raster=True)
    (content,) = displayed
    assert set(content) == {"image/png", "text/plain"}
    data = content["image/png"]
    assert (base64.b64decode(data) if isinstance(data, str) else data) == to_png(example())


def test_a_figure_of_pyplot_is_closed(displayed: list) -> None:
    before = plt.get_fignums()
    figure, _ = plt.subplots()
    show(figure)
    assert plt.get_fignums() == before
    assert len(displayed) == 1


@pytest.mark.parametrize("raster", [False, True])
def test_only_figures(displayed: list, raster: bool) -> None:
    _, axes = new()
    with pytest.raises(TypeError, match="expected a matplotlib Figure, got Axes"):
        show(axes, raster)
    assert displayed == []
