"""Layers with parameters, activations, and the containers that chain them."""

import math
from collections.abc import Iterator
from numbers import Integral

from deeplearning.autograd import Tensor, zeros
from deeplearning.nn import functional as F
from deeplearning.nn import init
from deeplearning.nn.module import Module, Parameter


class Linear(Module):
    r"""A fully connected layer: :math:`Y = X W^\top + b`.

    ``weight`` (out_features, in_features), ``bias`` (out_features,); input (…, in_features), output
    (…, out_features). Both start from :math:`U(-1/\sqrt{n_{in}}, 1/\sqrt{n_{in}})`, PyTorch's default.
    ``ValueError`` for sizes that are not positive integers.

    >>> from deeplearning.autograd import ones
    >>> Linear(3, 2)(ones(5, 3)).shape
    (5, 2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        for name, n in (("in_features", in_features), ("out_features", out_features)):
            if not isinstance(n, Integral) or n < 1:
                raise ValueError(f"Linear: {name}={n!r}; give a positive integer")
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        # Its memory runs along the outputs, as if it were stored (in, out): that is a tenth faster for the BLAS.
        self.weight = Parameter(zeros(in_features, out_features).T)
        init.uniform_(self.weight, -bound, bound)
        self.bias = init.uniform_(Parameter(zeros(out_features)), -bound, bound) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class ReLU(Module):
    """The rectified linear unit, max(x, 0) :cite:`nair2010`."""

    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


class LeakyReLU(Module):
    """The rectified linear unit that lets ``negative_slope`` of a negative input through :cite:`maas2013`."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class GELU(Module):
    """The Gaussian error linear unit, x Φ(x): a smooth relative of ReLU :cite:`hendrycks2016`."""

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x)


class Sigmoid(Module):
    """The logistic function, 1 / (1 + e⁻ˣ)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sigmoid()


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, x: Tensor) -> Tensor:
        return x.tanh()


class Identity(Module):
    """The input itself."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Flatten(Module):
    """All axes from ``start_dim`` on made one: an image (N, 28, 28) becomes a row (N, 784)."""

    def __init__(self, start_dim: int = 1) -> None:
        self.start_dim = start_dim

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(self.start_dim)


class Softmax(Module):
    """Scores to probabilities along ``dim``."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return x.softmax(self.dim)


class LogSoftmax(Module):
    """Scores to logarithms of probabilities along ``dim``."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return x.log_softmax(self.dim)


class Dropout(Module):
    """Each element set to 0 with probability ``p`` while training, and the rest scaled by 1/(1 − p)."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p={p}; give a probability with 0 <= p < 1")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Sequential(Module):
    """Modules one after the other, each fed the output of the one before.

    >>> len(Sequential(Linear(4, 8), ReLU(), Linear(8, 2)))
    3
    """

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise TypeError(
                    f"Sequential: argument {i} is a {type(module).__name__}; give modules"
                )
            setattr(self, str(i), module)

    def forward(self, x: Tensor) -> Tensor:
        for module in self:
            x = module(x)
        return x

    def __iter__(self) -> Iterator[Module]:
        return (value for value in vars(self).values() if isinstance(value, Module))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, index: int | slice) -> Module:
        chosen = list(self)[index]
        return Sequential(*chosen) if isinstance(chosen, list) else chosen
