"""PyTorch as an engine, on the CPU or a GPU."""

from collections.abc import Mapping

import numpy as np
import torch

from deeplearning.engines.engine import Engine


def torch_engine(device: str = "cpu") -> Engine:
    """Make the engine that computes with PyTorch on ``device``; ``ValueError`` if there is no such device here."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"engines.get: PyTorch cannot compute on {device!r}: {error}") from None
    on_gpu = torch.device(device).type == "cuda"  # where dropout draws from the GPU's own generator

    def tensor(array: np.ndarray) -> torch.Tensor:
        # A copy: PyTorch must not write through a read-only array, and warns when it could.
        return torch.tensor(array, device=device)

    def to_numpy(value: torch.Tensor) -> np.ndarray:
        return value.detach().cpu().numpy()

    def state(model: torch.nn.Module) -> dict[str, np.ndarray]:
        return {name: to_numpy(value).copy() for name, value in model.state_dict().items()}

    def load(model: torch.nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
        model.load_state_dict({name: tensor(value) for name, value in arrays.items()})

    def set_random_state(saved: np.ndarray) -> None:
        state = torch.tensor(saved, dtype=torch.uint8)
        if on_gpu:
            torch.cuda.set_rng_state(state, device)
        else:
            torch.set_rng_state(state)

    def random_state() -> np.ndarray:
        return (torch.cuda.get_rng_state(device) if on_gpu else torch.get_rng_state()).numpy()

    return Engine(
        name="torch" if device == "cpu" else f"torch:{device}",
        nn=torch.nn,
        optim=torch.optim,
        tensor=tensor,
        to_numpy=to_numpy,
        no_grad=torch.no_grad,
        manual_seed=torch.manual_seed,
        state=state,
        load=load,
        random_state=random_state,
        set_random_state=set_random_state,
    )
