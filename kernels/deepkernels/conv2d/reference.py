"""What a convolution computes, said in PyTorch as plainly as possible: the oracle's second opinion, slow on purpose."""

import torch

from deepkernels.conv2d.geometry import Geometry


def conv2d_reference(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    geometry: Geometry,
) -> torch.Tensor:
    r"""Return the convolution in float64, one tap of the window after the other.

    .. math::
        y = b + \sum_{r,s} \operatorname{shift}_{r,s}(x)\, w_{r,s}^\top

    Every tap is a matrix product over the channels of the image, shifted and thinned out by the stride.

    Args:
        x: (N, C, H, W).
        weight: (K, C / groups, R, S).
        bias: (K,) or None.

    Returns:
        (N, K, P, Q), float64.

    >>> x, weight = torch.arange(9.0).reshape(1, 1, 3, 3), torch.ones(1, 1, 2, 2)
    >>> conv2d_reference(x, weight, None, Geometry.of(x.shape, weight.shape))
    tensor([[[[ 8., 12.],
              [20., 24.]]]], dtype=torch.float64)
    """
    g = geometry
    (u, v), (a, b), (d, e) = g.stride, g.padding, g.dilation
    # As much room as the last tap of the last pixel asks for; what is more than the image is zero.
    height, width = (g.P - 1) * u + (g.R - 1) * d + 1, (g.Q - 1) * v + (g.S - 1) * e + 1
    room = x.new_zeros((g.N, g.C, max(height, a + g.H), max(width, b + g.W)), dtype=torch.float64)
    room[:, :, a : a + g.H, b : b + g.W] = x
    images = room.reshape(g.N, g.groups, g.channels, *room.shape[2:])
    filters = weight.double().reshape(g.groups, g.features, g.channels, g.R, g.S)
    y = x.new_zeros((g.N, g.groups, g.features, g.P, g.Q), dtype=torch.float64)
    for r in range(g.R):
        for s in range(g.S):
            rows, columns = (
                slice(r * d, r * d + (g.P - 1) * u + 1, u),
                slice(s * e, s * e + (g.Q - 1) * v + 1, v),
            )
            y += torch.einsum("ngchw,gkc->ngkhw", images[..., rows, columns], filters[..., r, s])
    y = y.reshape(g.y_shape)
    return y if bias is None else y + bias.double().reshape(1, -1, 1, 1)
