"""Recurrent layers over a whole sequence, each one operation: forward and backward through time, written by hand."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deeplearning.autograd.memory import empty
from deeplearning.autograd.operation import Array, Operation
from deeplearning.autograd.threads import in_parallel

Step = tuple[slice, int]
WIDTH = 64  # columns of a piece of the weights
SMALL = 10**6  # multiplications up to which OpenBLAS multiplies matrices where they lie


class _StepProduct:
    """Products of a step's rows with the same G blocks of weights (G, K, M) at every step, cut only once.

    A BLAS copies the operands of a large product into panels first. For few rows that takes about half as long as the
    product itself, and is repeated at every step. Small products it computes where the operands lie; so the weights are
    cut into pieces that make small products, once for the whole sequence. ``rows`` is how many a step has at most.
    """

    def __init__(self, weight: Array, rows: int) -> None:
        blocks, depth, columns = weight.shape
        cut = columns % WIDTH == 0 and rows * depth * WIDTH <= SMALL
        self.shape = (columns // WIDTH, WIDTH) if cut else (1, columns)
        pieces = weight.reshape(blocks, depth, *self.shape).transpose(0, 2, 1, 3)
        self.pieces = empty(pieces.shape, weight.dtype)
        self.pieces[...] = pieces

    def each(self, a: Array, out: Array) -> Array:
        """Write the product of ``a`` (n, K) with every block to ``out`` (G, n, M), and return that."""
        place = out.reshape(*out.shape[:2], *self.shape).transpose(0, 2, 1, 3)
        np.matmul(a, self.pieces, out=place)
        return out

    def room(self, rows: int) -> Array:
        """Return memory for the terms of a sum."""
        return empty((*self.pieces.shape[:2], rows, self.shape[1]), self.pieces.dtype)

    def total(self, a: Array, out: Array, room: Array) -> Array:
        """Write the sum of the products of ``a`` (G, n, K), each with its block, to ``out`` (n, M), and return that."""
        terms = np.matmul(a[:, None], self.pieces, out=room[:, :, : len(out)])
        place = out.reshape(len(out), *self.shape).transpose(1, 0, 2)
        np.add(terms[0], terms[1], out=place)
        for term in terms[2:]:
            place += term
        return out


class _Recurrence(Operation):
    r"""What the three cells share: the order of the steps, and the products that need not wait for one another.

    Sequences lie packed: the rows of step 0, then those of step 1 and so on, where step t has one row for each of the
    :math:`n_t` = ``batch_sizes[t]`` sequences that are longer than t, the longest first. No step computes padding.
    The state has a row for every sequence, and a step reads and writes the first :math:`n_t` of them: forward in time,
    sequences that have ended keep their state; backward in time (``reverse``), those not yet begun keep their first.

    Only :math:`W_{hh} h_{t-1}` must be computed step by step. The inputs' product is one for all steps, before the
    loop; so are, after the loop of the backward pass, the gradients of both weights and of the input. Sequences do not
    meet in the loop: threads share the batch, and each walks through time by itself.
    """

    gates = 1  # blocks of rows in the weights

    def __init__(self, batch_sizes: Sequence[int], reverse: bool = False) -> None:
        ends = np.cumsum(batch_sizes)
        self.rows = int(ends[-1])  # of all steps
        self.batch = int(max(batch_sizes))
        self.steps: list[Step] = [
            (slice(int(end) - int(n), int(end)), int(n))
            for end, n in zip(ends, batch_sizes, strict=True)
        ]
        if reverse:
            self.steps.reverse()

    def _begin(self, x: Array, weight_ih: Array, weight_hh: Array, *initial: Array | None) -> Array:
        """Keep what every backward pass needs, and return the result (R + N · states, H): its last rows the states."""
        hidden = weight_hh.shape[1]
        shapes = {"weight_ih": weight_ih.shape, "weight_hh": weight_hh.shape}
        wanted = {
            name: (self.gates * hidden, n)
            for name, n in (("weight_ih", x.shape[-1]), ("weight_hh", hidden))
        }
        if x.ndim != 2 or len(x) != self.rows or shapes != wanted:
            raise ValueError(
                f"{self.name}: rows of shape {x.shape} for batch sizes that add up to {self.rows}, with {shapes}; "
                f"give rows ({self.rows}, I), weight_ih ({self.gates} H, I) and weight_hh ({self.gates} H, H)"
            )
        for state in initial:
            if state is not None and state.shape != (self.batch, hidden):
                raise ValueError(
                    f"{self.name}: an initial state of shape {state.shape}; give ({self.batch}, {hidden}) or None"
                )
        self.x, self.weight_ih, self.weight_hh = x, weight_ih, weight_hh
        self.before = empty((self.rows, hidden), x.dtype)  # the state that each row started from
        result = empty((self.rows + self.batch * len(initial), hidden), x.dtype)
        for number, state in enumerate(initial):
            start = self.rows + number * self.batch
            result[start : start + self.batch] = 0 if state is None else state
        return result

    def _walk(self, work: Callable[[slice], None]) -> None:
        """Call ``work`` with parts of the batch, one for each thread."""
        in_parallel(work, self.batch, self.gates * self.before.size)

    def _steps(self, part: slice) -> list[Step]:
        """Return of each step which rows belong to a part of the batch, and how many they are, if there are any."""
        found = []
        for rows, n in self.steps:
            count = min(n, part.stop) - part.start
            if count > 0:
                start = rows.start + part.start
                found.append((slice(start, start + count), count))
        return found

    def _end(self, dz: Array, dq: Array, bias: int) -> tuple[Array | None, ...]:
        r"""Return the gradients of x, weight_ih, weight_hh, bias_ih and bias_hh, each one product for all steps.

        ``dz`` (R, gates · H) is :math:`\partial L/\partial (W_{ih} x + b_{ih})`, ``dq`` the same of
        :math:`W_{hh} h + b_{hh}`; ``bias`` is the place of bias_ih among the operands.
        """
        needs, ones = self.needs, np.ones(len(dz), dz.dtype)
        dx = dweight_ih = dweight_hh = None
        if needs[0]:
            dx = np.matmul(dz, self.weight_ih, out=empty(self.x.shape, dz.dtype))
        if needs[bias - 2]:
            dweight_ih = np.matmul(dz.T, self.x, out=empty(self.weight_ih.shape, dz.dtype))
        if needs[bias - 1]:
            dweight_hh = np.matmul(dq.T, self.before, out=empty(self.weight_hh.shape, dz.dtype))
        dbias_ih = ones @ dz if needs[bias] else None  # the sum of the rows, by the BLAS
        dbias_hh = None
        if needs[bias + 1]:
            dbias_hh = ones @ dq if dq is not dz or dbias_ih is None else dbias_ih.copy()
        return dx, dweight_ih, dweight_hh, dbias_ih, dbias_hh


def _by_gate(x: Array, weight: Array, gates: int, factor: Any, *biases: Array | None) -> Array:
    """Return the product of the rows x (R, I) with the weights (G · H, I), and biases, times ``factor``: (G, R, H)."""
    columns = [weight]
    given = [bias for bias in biases if bias is not None]
    if given:  # as the weights of an input that is always 1: the product adds it without another pass over z
        columns.append(np.sum(given, axis=0)[:, None])
        x = np.hstack([x, np.ones((len(x), 1), x.dtype)])
    blocks = np.hstack(columns).reshape(gates, -1, x.shape[1]) * factor
    z = empty((gates, len(x), blocks.shape[1]), x.dtype)
    return np.matmul(x, blocks.transpose(0, 2, 1), out=z)


class RNN(_Recurrence):
    r"""The simple recurrent cell over a sequence: :math:`h_t = \varphi(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})`.

    Backward through time, with :math:`\bar h_t = \partial L/\partial h_t` from the output and from step t + 1,

    .. math::
        \delta_t = \bar h_t \odot \varphi', \quad
        \bar h_{t-1} \mathrel{+}= W_{hh}^\top \delta_t, \quad
        \frac{\partial L}{\partial W_{hh}} = \sum_t \delta_t h_{t-1}^\top, \quad
        \frac{\partial L}{\partial W_{ih}} = \sum_t \delta_t x_t^\top.

    :math:`\varphi` is tanh or ReLU, whose slope follows from the result: :math:`1 - h^2`, or whether :math:`h > 0`.
    Operands: packed rows x (R, I), first state (N, H) or None, weight_ih (H, I), weight_hh (H, H), bias_ih and bias_hh
    (H,) or None. Result (R + N, H): the state after each row, then the last state of each sequence
    :cite:`rumelhart1986`.
    """

    keeps_result = True

    def __init__(
        self, batch_sizes: Sequence[int], reverse: bool = False, nonlinearity: str = "tanh"
    ) -> None:
        super().__init__(batch_sizes, reverse)
        self.nonlinearity = nonlinearity

    def forward(
        self, x: Array, h0: Array | None, weight_ih: Array, weight_hh: Array,
        bias_ih: Array | None, bias_hh: Array | None,
    ) -> Array:  # fmt: skip
        self.y = y = self._begin(x, weight_ih, weight_hh, h0)
        output, h = y[: self.rows], y[self.rows :]
        np.matmul(x, weight_ih.T, out=output)
        for bias in (bias_ih, bias_hh):
            if bias is not None:
                output += bias
        product = _StepProduct(weight_hh.T[None], self.batch)

        def some(part: slice) -> None:
            state = h[part]
            place = empty((1, *state.shape), x.dtype)
            for rows, n in self._steps(part):
                self.before[rows] = state[:n]
                z = output[rows]
                z += product.each(state[:n], place[:, :n])[0]
                if self.nonlinearity == "tanh":
                    np.tanh(z, out=z)
                else:
                    np.maximum(z, 0, out=z)
                state[:n] = z

        self._walk(some)
        return y

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dz = empty((self.rows, dy.shape[1]), dy.dtype)
        dh = dy[self.rows :].copy()
        product = _StepProduct(self.weight_hh[None], self.batch)

        def some(part: slice) -> None:
            arrived = dh[part]
            for rows, n in reversed(self._steps(part)):
                h, delta = self.y[rows], dz[rows]
                if self.nonlinearity == "tanh":
                    np.multiply(h, h, out=delta)
                    np.subtract(1, delta, out=delta)
                else:
                    np.greater(h, 0, out=delta)
                arrived[:n] += dy[rows]
                delta *= arrived[:n]
                product.each(delta, arrived[None, :n])

        self._walk(some)
        dx, *dparameters = self._end(dz, dz, 4)
        return dx, dh, *dparameters


class LSTM(_Recurrence):
    r"""Long short-term memory over a sequence: gates decide what the cell c forgets, takes in and shows.

    .. math::
        (i, f, g, o)_t &= (\sigma, \sigma, \tanh, \sigma)(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh}) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t, \qquad h_t = o_t \odot \tanh c_t

    Backward through time, :math:`\bar h_t` and :math:`\bar c_t` being the gradients that have arrived at step t,

    .. math::
        \bar c_t \mathrel{+}= \bar h_t\, o\,(1 - \tanh^2 c_t), \qquad
        \delta^i = \bar c_t\, g\, i(1-i), \quad \delta^f = \bar c_t\, c_{t-1} f(1-f), \quad
        \delta^g = \bar c_t\, i\,(1-g^2), \quad \delta^o = \bar h_t \tanh c_t\, o(1-o),

    and on to :math:`\bar c_{t-1} = \bar c_t f` and :math:`\bar h_{t-1} = W_{hh}^\top \delta_t`. The four gates are
    computed together, so that a step has one product each way and one tanh:
    :math:`\sigma(z) = \tfrac12 + \tfrac12\tanh\tfrac z2`, and the inner half is in the weights before the loop.

    Operands: packed rows x (R, I), first state and first cell (N, H) or None, weight_ih (4H, I), weight_hh (4H, H),
    bias_ih and bias_hh (4H,) or None, gates in the order i, f, g, o. Result (R + 2N, H): the state after each row, then
    the last state, then the last cell of each sequence :cite:`hochreiter1997`.
    """

    gates = 4

    def forward(
        self, x: Array, h0: Array | None, c0: Array | None, weight_ih: Array, weight_hh: Array,
        bias_ih: Array | None, bias_hh: Array | None,
    ) -> Array:  # fmt: skip
        y = self._begin(x, weight_ih, weight_hh, h0, c0)
        output, h, c = np.split(y, (self.rows, self.rows + self.batch))
        size = h.shape[1]
        half = np.array([0.5, 0.5, 1, 0.5], x.dtype)[:, None, None]  # g is a tanh as it is
        # Gate by gate: what follows a product then reads and writes memory in runs.
        self.activated = _by_gate(x, weight_ih, 4, half, bias_ih, bias_hh)
        product = _StepProduct(
            (weight_hh.reshape(4, size, size) * half).transpose(0, 2, 1), self.batch
        )
        self.cells, self.tanh_c = empty(output.shape, x.dtype), empty(output.shape, x.dtype)

        def some(part: slice) -> None:
            place = empty((4, part.stop - part.start, size), x.dtype)
            for rows, n in self._steps(part):
                state, cell, tanh_c = h[part][:n], c[part][:n], self.tanh_c[rows]
                self.before[rows], self.cells[rows] = state, cell
                gates = self.activated[:, rows]
                gates += product.each(state, place[:, :n])
                np.tanh(gates, out=gates)
                for sigmoid in (gates[:2], gates[3]):
                    sigmoid *= 0.5
                    sigmoid += 0.5
                i, f, g, o = gates
                cell *= f
                cell += np.multiply(i, g, out=tanh_c)  # not yet what its name says
                np.tanh(cell, out=tanh_c)
                np.multiply(o, tanh_c, out=state)
                output[rows] = state

        self._walk(some)
        return y

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        size = dy.shape[1]
        dz = empty((self.rows, 4 * size), dy.dtype)
        dh, dc = (part.copy() for part in np.split(dy[self.rows :], 2))
        product = _StepProduct(self.weight_hh.reshape(4, size, size), self.batch)

        def some(part: slice) -> None:
            scratch = empty((3, part.stop - part.start, size), dy.dtype)
            room = product.room(part.stop - part.start)
            for rows, n in reversed(self._steps(part)):
                i, f, g, o = self.activated[:, rows]
                di, df, dg, do = delta = dz[rows].reshape(n, 4, size).transpose(1, 0, 2)
                state, cell, tanh_c = dh[part][:n], dc[part][:n], self.tanh_c[rows]
                a, b, s = scratch[:, :n]
                state += dy[rows]
                # Products that several gradients share are computed once: s(1 - s)u is su - s(su).
                np.multiply(state, o, out=a)
                cell += a
                np.multiply(a, tanh_c, out=b)
                np.subtract(b, np.multiply(b, o, out=s), out=do)
                b *= tanh_c
                cell -= b
                np.multiply(cell, i, out=a)
                np.multiply(a, g, out=b)
                np.subtract(b, np.multiply(b, i, out=s), out=di)
                np.subtract(a, np.multiply(b, g, out=s), out=dg)
                cell *= f
                np.multiply(cell, self.cells[rows], out=a)
                np.subtract(a, np.multiply(a, f, out=s), out=df)
                product.total(delta, state, room)

        self._walk(some)
        dx, *dparameters = self._end(dz, dz, 5)
        return dx, dh, dc, *dparameters


class GRU(_Recurrence):
    r"""The gated recurrent unit over a sequence: one gate resets the past, one chooses between past and proposal.

    .. math::
        (r, z)_t &= \sigma(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh}), \qquad
        q_t = W_{hn} h_{t-1} + b_{hn} \\
        n_t &= \tanh(W_{in} x_t + b_{in} + r_t \odot q_t), \qquad
        h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    Backward through time, :math:`\bar h_t` being the gradient that has arrived at step t,

    .. math::
        \delta^n = \bar h_t (1-z)(1-n^2), \quad \delta^z = \bar h_t (h_{t-1} - n)\, z(1-z), \quad
        \delta^r = \delta^n q\, r(1-r), \quad \delta^q = \delta^n r,

    and on to :math:`\bar h_{t-1} = \bar h_t z + W_{hh}^\top (\delta^r, \delta^z, \delta^q)`.

    Operands: packed rows x (R, I), first state (N, H) or None, weight_ih (3H, I), weight_hh (3H, H), bias_ih and
    bias_hh (3H,) or None, gates in the order r, z, n. Result (R + N, H) as :class:`RNN`'s. The reset gate multiplies
    the product, as in PyTorch and cuDNN; in the original it multiplies :math:`h_{t-1}` before it :cite:`cho2014`.
    """

    gates = 3

    def forward(
        self, x: Array, h0: Array | None, weight_ih: Array, weight_hh: Array,
        bias_ih: Array | None, bias_hh: Array | None,
    ) -> Array:  # fmt: skip
        y = self._begin(x, weight_ih, weight_hh, h0)
        output, h = y[: self.rows], y[self.rows :]
        size = h.shape[1]
        self.activated = _by_gate(x, weight_ih, 3, 1, bias_ih)
        product = _StepProduct(weight_hh.reshape(3, size, size).transpose(0, 2, 1), self.batch)
        self.q = empty(output.shape, x.dtype)

        def some(part: slice) -> None:
            place = empty((3, part.stop - part.start, size), x.dtype)
            for rows, n in self._steps(part):
                state, q = h[part][:n], self.q[rows]
                self.before[rows] = state
                from_state = product.each(state, place[:, :n])
                if bias_hh is not None:
                    from_state += bias_hh.reshape(3, 1, size)
                q[...] = from_state[2]
                gates = self.activated[:, rows]
                r_and_z, (r, z, new) = gates[:2], gates
                r_and_z += from_state[:2]
                r_and_z *= 0.5
                np.tanh(r_and_z, out=r_and_z)
                r_and_z *= 0.5
                r_and_z += 0.5
                new += np.multiply(r, q, out=output[rows])  # a place to work in
                np.tanh(new, out=new)
                state -= new
                state *= z
                state += new
                output[rows] = state

        self._walk(some)
        return y

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        size = dy.shape[1]
        dz, dq = (empty((self.rows, 3 * size), dy.dtype) for _ in range(2))
        dh = dy[self.rows :].copy()
        product = _StepProduct(self.weight_hh.reshape(3, size, size), self.batch)

        def some(part: slice) -> None:
            scratch = empty((part.stop - part.start, size), dy.dtype)
            room = product.room(part.stop - part.start)
            for rows, n in reversed(self._steps(part)):
                r, z, new = self.activated[:, rows]
                dr, dupdate, dnew = dz[rows].reshape(n, 3, size).transpose(1, 0, 2)
                from_state = dq[rows].reshape(n, 3, size).transpose(1, 0, 2)
                a, state, through_q = scratch[:n], dh[part][:n], from_state[2]
                state += dy[rows]
                np.multiply(state, z, out=dnew)  # what passes by
                np.subtract(self.before[rows], new, out=a)
                a *= dnew
                np.subtract(a, np.multiply(a, z, out=dupdate), out=dupdate)
                np.subtract(state, dnew, out=a)  # what reaches the proposal
                state[...] = dnew
                np.multiply(a, new, out=dnew)
                dnew *= new
                np.subtract(a, dnew, out=dnew)
                np.multiply(dnew, r, out=through_q)
                np.multiply(through_q, self.q[rows], out=a)
                np.subtract(a, np.multiply(a, r, out=dr), out=dr)
                from_state[0], from_state[1] = dr, dupdate
                state += product.total(from_state, a, room)

        self._walk(some)
        dx, *dparameters = self._end(dz, dq, 4)
        return dx, dh, *dparameters
