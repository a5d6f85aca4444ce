"""N1: a McCulloch–Pitts neuron is a logic gate, and XOR needs several of them.

Nothing is random and nothing is sampled. "No neuron computes XOR" speaks about infinitely many weights, so it is not
tested by trying weights: every truth table of up to four inputs must either be produced by a neuron with small whole
weights or be refuted by four of its rows (see `models/threshold_functions.py`), and the two counts must leave no rest.
"""

from dataclasses import dataclass

import numpy as np

from deeplearning.data import gate
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.mcculloch_pitts import GATES, compose, from_truth_table, inputs
from deeplearning.models.threshold_functions import computable, refuted

SINGLE = ("AND", "OR", "NOT", "NAND", "NOR")
XOR_TABLE = 0b0110  # bit i is the output of row i; a table and its mirror image are equal here


@dataclass(frozen=True)
class Config:
    most_inputs: int = 4  # all 2^(2^n) truth tables are listed for n = 1 … this
    largest_weight: int = 3

    @classmethod
    def smoke(cls) -> "Config":
        return cls(most_inputs=2)


def run(config: Config, seed: int) -> dict[str, float | list]:
    del seed  # nothing is random
    wrong_rows = []
    for name in SINGLE:
        x, y = gate(name)
        wrong_rows.append(int((GATES[name](x) != y).sum()))
    x, y = gate("XOR")
    xor = compose([GATES["OR"], GATES["NAND"]], [GATES["AND"]])
    single, impossible = computable(2, config.largest_weight), refuted(2)
    sizes = range(1, config.most_inputs + 1)
    found = [computable(n, config.largest_weight) for n in sizes]
    excluded = [refuted(n) for n in sizes]
    composed = [_wrong_networks(n) for n in sizes]
    return {
        "wrong_rows_one_neuron": wrong_rows,
        "xor_by_one_neuron": float(single[XOR_TABLE]),
        "xor_refuted": float(impossible[XOR_TABLE]),
        "xor_wrong_rows_composed": int((xor(x)[:, 0] != y).sum()),
        "xor_neurons": xor.size,
        "tables": [2**2**n for n in sizes],
        "tables_one_neuron": [int(table.sum()) for table in found],
        "tables_refuted": [int(table.sum()) for table in excluded],
        "tables_both": [int((a & b).sum()) for a, b in zip(found, excluded, strict=True)],
        "tables_wrong_two_layers": [wrong for wrong, _ in composed],
        "most_neurons_two_layers": [most for _, most in composed],
    }


def _wrong_networks(n: int) -> tuple[int, int]:
    """How many tables of n inputs their two-layer network gets wrong, and the size of the largest network."""
    rows = inputs(n)
    wrong = most = 0
    for number in range(2 ** len(rows)):
        table = (number >> np.arange(len(rows))) & 1
        network = from_truth_table(table)
        wrong += not np.array_equal(network(rows)[:, 0], table)
        most = max(most, network.size)
    return wrong, most


def criterion(metrics: Metrics) -> Verdict:
    first = {name: np.asarray(metrics[name])[0] for name in metrics}
    gates = not first["wrong_rows_one_neuron"].any()
    settled = (first["tables_one_neuron"] + first["tables_refuted"] == first["tables"]).all()
    alone = first["xor_by_one_neuron"] == 0 and first["xor_refuted"] == 1
    proof = bool(alone and settled and not first["tables_both"].any())
    together = first["xor_wrong_rows_composed"] == 0 and not first["tables_wrong_two_layers"].any()
    counts = first["tables_one_neuron"].astype(int)
    largest = int(first["tables"][-1])
    missed = int(first["tables_wrong_two_layers"].sum())
    headline = (
        f"{int((first['wrong_rows_one_neuron'] == 0).sum())} of {len(SINGLE)} gates by one neuron; one neuron "
        f"computes {counts[1]} of the 16 tables of two inputs, XOR {'not ' if alone else ''}among them, and "
        f"{counts[-1]:,} of the {largest:,} of {len(counts)} inputs; "
        f"two layers compute {f'all but {missed}' if missed else 'all'} of them"
    )
    if gates and proof and together:
        return Verdict("holds", headline)
    return Verdict("holds partly" if gates and together else "does not hold", headline)


EXPERIMENT = Experiment(
    id="N1",
    chapter="neurons/mcculloch-pitts",
    claim="A McCulloch–Pitts neuron is a binary logic gate: one neuron computes AND, OR or NOT; XOR takes several.",
    criterion_text=(
        "holds if one neuron gives every row of AND, OR, NOT, NAND and NOR; every truth table of one to four inputs is "
        "either produced by a neuron or refuted by four of its rows, never both, XOR being refuted; and composed "
        "neurons give every row of XOR and of every truth table of one to four inputs. "
        "holds partly if only the middle condition fails; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=1,
    deterministic=True,
    cost_seconds=30,
)
