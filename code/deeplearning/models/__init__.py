"""Networks, each written once."""

from deeplearning.models.mcculloch_pitts import (
    GATES,
    McCullochPitts,
    compose,
    from_truth_table,
    inputs,
    loop,
    neuron_of_1943,
)
from deeplearning.models.mlp import mlp
from deeplearning.models.one_layer import (
    least_squares,
    linear_regression,
    logistic_regression,
    softmax_regression,
)
from deeplearning.models.threshold_functions import computable, contradiction, refuted

__all__ = [
    "GATES",
    "McCullochPitts",
    "compose",
    "computable",
    "contradiction",
    "from_truth_table",
    "inputs",
    "least_squares",
    "linear_regression",
    "logistic_regression",
    "loop",
    "mlp",
    "neuron_of_1943",
    "refuted",
    "softmax_regression",
]
