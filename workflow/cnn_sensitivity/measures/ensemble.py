"""What averaging over initialisations does: the ensemble's test error, and the variance (L21)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from cnn_sensitivity.measures.base import Measure, Row, Seen
from cnn_sensitivity.networks.ensemble import Ensemble
from cnn_sensitivity.tasks.points.signed import error


@dataclass(frozen=True)
class EnsembleErrors(Measure):
    """Numbers of the outputs F_s(x) of S members on all test points x, and of their mean F(x).

    `test_error` of F, `mean_square` = mean_x F(x)^2. For each member s, from 0: `member_error` of
    F_s; `error_without`, of the mean of the others; `deviation` = S/(S - 1) mean_x (F_s - F)^2,
    whose mean over members is the variance over initialisations. One member has no such two.
    """

    of_learned: ClassVar[bool] = True

    def rows(self, seen: Seen) -> list[Row]:
        network, learned = seen.network, seen.learned
        assert isinstance(network, Ensemble) and learned is not None
        parts = learned.test.inputs.split(1000)
        outputs = torch.cat([network.outputs(part).flatten(1) for part in parts], dim=1)
        return numbers(outputs, learned.test.targets)


def numbers(outputs: Tensor, targets: Tensor) -> list[Row]:
    """Return the numbers of outputs [S, n] and targets [n] of +-1."""
    members, mean = len(outputs), outputs.mean(dim=0)
    rows = [_row("test_error", error(mean, targets))]
    rows.append(_row("mean_square", float(mean.square().mean())))
    for member, own in enumerate(outputs):
        rows.append(_row("member_error", error(own, targets), member))
        if members > 1:
            others = (members * mean - own) / (members - 1)
            rows.append(_row("error_without", error(others, targets), member))
            deviation = members / (members - 1) * (own - mean).square().mean()
            rows.append(_row("deviation", float(deviation), member))
    return rows


def _row(quantity: str, value: float, member: int | None = None) -> Row:
    row = {"layer": "output", "index": 1, "quantity": quantity, "value": value}
    return row if member is None else {**row, "member": member}


MEASURE = EnsembleErrors
