"""The figures show what they were given."""

import numpy as np
import pytest

from deeplearning.figures import on_the_cpu as drawings


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_patches_are_those_of_im2col() -> None:
    image, matrix = drawings.patches().axes
    assert texts(image)[:16] == [str(number) for number in range(1, 17)]
    numbers = [int(text) for text in texts(matrix) if text.isdigit()]
    columns = np.array(numbers).reshape(9, 4).T
    pixels = np.arange(1, 17).reshape(4, 4)
    windows = [pixels[i : i + 3, j : j + 3].ravel() for i in (0, 1) for j in (0, 1)]
    np.testing.assert_array_equal(columns, windows)


def test_the_line_is_that_of_the_code() -> None:
    from deeplearning.performance import convolution

    x = np.arange(1.0, 7).reshape(1, 1, 2, 3)
    line, pitch = convolution.rows_in_one_line(x, 1, (3, 3))
    convolution.inside(line, x, 1, pitch)[...] = x[0]
    shown = [text for text in texts(drawings.one_line().axes[0]) if text.isdigit()]
    assert [int(text) for text in shown[20:]] == line[0].tolist()


@pytest.mark.parametrize("numbered", [True, False])
def test_ladder_draws_medians(numbered: bool) -> None:
    ax = drawings.ladder(["slow", "fast"], [[1.0, 2.0, 9.0], [0.1, 0.1, 0.1]], numbered).axes[0]
    assert ax.lines[0].get_xdata().tolist() == [2.0, 0.1]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == (["1 slow", "2 fast"] if numbered else ["slow", "fast"])
    assert texts(ax) == ["2", "0.1"]


def test_unknown_memory_has_no_bar() -> None:
    left, right = drawings.share_and_memory(["a", "b"], [[0.5], [0.9]], [3.0, None], first=2).axes
    assert [bar.get_width() for bar in left.patches] == [50, 90]
    assert [bar.get_width() for bar in right.patches] == [3.0]
    assert [label.get_text() for label in left.get_yticklabels()] == ["2 a", "3 b"]


def test_step_draws_three_bars_a_part() -> None:
    ax = drawings.step(
        {"a": 1e-6, "b": 2e-6}, {"a": [3e-6] * 3, "b": [4e-6] * 3}, {"a": 1e-7, "b": 2e-7}
    ).axes[0]
    heights = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(heights, [1, 2, 0.1, 0.2, 3, 4])
