"""Matrix products."""

from typing import Any

import numpy as np

from deeplearning.autograd.memory import empty
from deeplearning.autograd.operation import Array, Operation, unbroadcast


class MatMul(Operation):
    r""":math:`Y = A B`, so :math:`\partial L/\partial A = \frac{\partial L}{\partial Y} B^\top` and
    :math:`\partial L/\partial B = A^\top \frac{\partial L}{\partial Y}`; leading axes are batches and broadcast.
    """

    def forward(self, a: Any, b: Any) -> Array:
        self.a, self.b = np.asarray(a), np.asarray(b)
        try:
            return np.matmul(self.a, self.b)
        except ValueError:
            raise ValueError(
                f"MatMul: shapes {self.a.shape} and {self.b.shape} do not multiply; the last axis of the first must "
                "have the length of the second-to-last axis of the second (its only axis, if it is a vector), and "
                "axes before those must broadcast"
            ) from None

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        a, b = self.a, self.b
        # A vector is a matrix with one row (left) or one column (right); matmul drops that axis again.
        matrix_a = a[None, :] if a.ndim == 1 else a
        matrix_b = b[:, None] if b.ndim == 1 else b
        if b.ndim == 1:
            dy = dy[..., None]
        if a.ndim == 1:
            dy = dy[..., None, :]
        da = db = None
        if self.needs[0]:
            da = unbroadcast(dy @ np.swapaxes(matrix_b, -1, -2), matrix_a.shape).reshape(a.shape)
        if self.needs[1]:
            db = unbroadcast(np.swapaxes(matrix_a, -1, -2) @ dy, matrix_b.shape).reshape(b.shape)
        return da, db


class Linear(Operation):
    r""":math:`Y = X W^\top + b`, the affine map of a layer, in one node.

    :math:`\partial L/\partial X = \Delta W`, :math:`\partial L/\partial W = \Delta^\top X` and
    :math:`\partial L/\partial b = \sum_n \Delta_n`, where :math:`\Delta = \partial L/\partial Y`.
    Shapes: X (…, in), W (out, in), b (out,), Y (…, out).
    """

    def forward(self, x: Array, weight: Array, bias: Array | None = None) -> Array:
        if weight.ndim != 2 or x.ndim < 1 or x.shape[-1] != weight.shape[1]:
            raise ValueError(
                f"Linear: input of shape {x.shape} does not fit a weight of shape {weight.shape}; the input's last "
                "axis must have the length of the weight's second, (..., in_features) and (out_features, in_features)"
            )
        if x.dtype.kind != "f":
            raise ValueError(
                f"Linear: input of {x.dtype}; give floats, for example x.astype(np.float32)"
            )
        if bias is not None and bias.shape != weight.shape[:1]:
            raise ValueError(
                f"Linear: a bias of shape {bias.shape} for {len(weight)} outputs; give ({len(weight)},)"
            )
        self.x, self.weight = x, weight
        y = empty((*x.shape[:-1], len(weight)), np.result_type(x, weight))
        np.matmul(x, weight.T, out=y)
        if bias is not None:
            y += bias
        return y

    def backward(self, dy: Array) -> tuple[Any, ...]:
        dx = dweight = dbias = None
        rows = dy.reshape(-1, dy.shape[-1])
        if self.needs[0]:
            dx = np.matmul(dy, self.weight, out=empty(self.x.shape, dy.dtype))
        if self.needs[1]:
            x = self.x.reshape(-1, self.x.shape[-1])
            # In the memory order of the weight, so that the update need not jump through memory.
            if self.weight.flags.f_contiguous:
                dweight = np.matmul(x.T, rows, out=empty(self.weight.shape[::-1], dy.dtype)).T
            else:
                dweight = np.matmul(rows.T, x, out=empty(self.weight.shape, dy.dtype))
        if len(self.needs) > 2 and self.needs[2]:
            dbias = np.ones(len(rows), rows.dtype) @ rows  # the sum of the rows, by the BLAS
        return dx, dweight, dbias
