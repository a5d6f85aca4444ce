"""The backward pass: one walk over the recorded operations, from the result to the leaves."""

import numpy as np

from deeplearning.autograd.operation import Array, Operation, unbroadcast


def sorted_operations(last: Operation) -> list[Operation]:
    """Return every operation that ``last`` depends on, latest first.

    An operation is created after those whose results it takes, so the order of creation, reversed, is a topological
    order. The search keeps its own stack: a graph may be deeper than Python's recursion limit.
    """
    found, stack = {last}, [last]
    while stack:
        for operand in stack.pop().operands:
            operation = getattr(operand, "_operation", None)
            if operation is not None and operation not in found:
                found.add(operation)
                stack.append(operation)
    for operation in found:
        if operation.freed:
            raise RuntimeError(
                "backward() a second time over the same operations: their arrays were freed by the first; "
                "run the forward pass again, or give backward(retain_graph=True) the first time"
            )
    return sorted(found, key=lambda operation: operation.order, reverse=True)


def check_unchanged(operation: Operation) -> None:
    """Refuse to differentiate with arrays that were changed in place after the forward pass kept them."""
    for changes, count in operation.snapshot:
        if changes[0] == count:
            continue
        # Operands that are views of one memory share a count; those count whose values backward needs.
        changed = [o for o in operation.operands if getattr(o, "_changes", None) is changes]
        kept = [o for o in changed if any(value is o._array for value in vars(operation).values())]
        if changed and not kept:
            continue
        what = f"an operand of shape {kept[0].shape}" if kept else "its result"
        raise RuntimeError(
            f"backward of {operation.name}: {what} was changed in place {changes[0] - count} time(s) after the forward "
            "pass kept it, so the gradient would be wrong; write x = x + ... instead of x += ..., or change it after "
            "backward()"
        )


def run_backward(last: Operation, gradient: Array, retain_graph: bool = False) -> None:
    """Send ``gradient`` from the result of ``last`` to every leaf, each operation's arrays freed once it has passed."""
    waiting: dict[Operation, Array] = {last: gradient}
    for operation in sorted_operations(last):
        dy = waiting.pop(operation, None)
        if dy is None:  # reached by the search, but no gradient flows here
            continue
        check_unchanged(operation)
        if operation.retained is not None:
            operation.retained._accumulate(dy, shared=True)
        gradients = operation.backward(dy)
        if not isinstance(gradients, tuple):
            gradients = (gradients,)
        for operand, needed, dx in zip(
            operation.operands, operation.needs, gradients, strict=False
        ):
            if not needed or dx is None:
                continue
            dx = np.asarray(dx)  # NumPy makes scalars of arrays without axes
            if dx.shape != operand._array.shape or dx.dtype != operand._array.dtype:
                dx = _fit(operation, operand._array, dx)
            source = operand._operation
            if source is None:
                operand._accumulate(dx, shared=np.may_share_memory(dx, dy))
            elif source in waiting:
                waiting[source] = np.asarray(waiting[source] + dx)
            else:
                waiting[source] = dx
        if not retain_graph:
            operation.release()


def _fit(operation: Operation, x: Array, dx: Array) -> Array:
    """Return ``dx`` with the shape and dtype of ``x``; anything that broadcasting does not explain is a defect."""
    if dx.shape != x.shape:
        dx = unbroadcast(dx, x.shape)
        if dx.shape != x.shape:
            raise AssertionError(
                f"{operation.name}.backward returned {dx.shape} for an operand of {x.shape}"
            )
    return dx if dx.dtype == x.dtype else dx.astype(x.dtype)
