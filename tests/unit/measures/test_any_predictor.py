"""Whatever maps inputs to outputs is measured alike: a kernel machine, which has no layers."""

import numpy as np
import torch
from sensitivity_cases import brute_force
from torch import Tensor, nn

from cnn_sensitivity.config import Measurement
from cnn_sensitivity.config.measurements import QUANTITIES
from cnn_sensitivity.measures import cosine_distance, sensitivity
from cnn_sensitivity.measures.base import Measure, Seen, look, measure_class


class KernelMachine(nn.Module):
    """f(x) = sum_i a_i exp(-||x - x_i||), of training inputs x_i, in float64."""

    def __init__(self, inputs: Tensor, coefficients: Tensor):
        super().__init__()
        self.register_buffer("inputs", inputs)
        self.register_buffer("coefficients", coefficients)

    def forward(self, points: Tensor) -> Tensor:
        distances = torch.cdist(points.flatten(1), self.inputs.flatten(1))
        return torch.exp(-distances) @ self.coefficients


def draws(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


MACHINE = KernelMachine(draws(30, 3, seed=0), draws(30, 2, seed=1))
POINTS = draws(12, 3, seed=2)
DEFORMED, NOISY = (POINTS + 0.1 * draws(12, 3, seed=seed) for seed in (3, 4))


def test_its_sensitivity_is_that_of_explicit_sums_over_pairs() -> None:
    table = sensitivity.measure(MACHINE, POINTS, DEFORMED, NOISY)
    assert table["layer"].tolist() == ["output"]
    expected = brute_force(*(MACHINE(each) for each in (POINTS, DEFORMED, NOISY)))
    np.testing.assert_allclose(table[[*expected]].iloc[0], [*expected.values()], rtol=1e-10)


def test_its_cosine_distance_is_that_of_its_outputs() -> None:
    table = cosine_distance.measure(MACHINE, POINTS, DEFORMED)
    clean, changed = (MACHINE(each) for each in (POINTS, DEFORMED))
    mean = (1 - torch.cosine_similarity(clean, changed)).mean()
    above = torch.triu_indices(12, 12, 1)
    median = np.median(1 - torch.cosine_similarity(clean[above[0]], clean[above[1]]))
    assert table["layer"].tolist() == ["input", "output"]
    np.testing.assert_allclose(table["distance"][1], mean / median, rtol=1e-10)


def test_it_has_no_filters_and_no_activations() -> None:
    for quantity in ("filters", "receptive_field"):
        assert measure_class(quantity)().rows(Seen(MACHINE, (1, 3))) == []


def test_each_quantity_of_the_configuration_is_a_measure() -> None:
    assert {issubclass(measure_class(quantity), Measure) for quantity in QUANTITIES} == {True}


def test_the_rows_of_a_measure_are_the_numbers_of_its_table() -> None:
    stimuli = {"images": POINTS, "deformed": DEFORMED, "noisy": NOISY}
    measures = [
        measure_class(name).of(Measurement(quantity=name, images=12, layers="all"), stimuli)
        for name in ("sensitivity", "cosine_distance")
    ]
    seen = look(MACHINE, POINTS, measures)
    for measure, quantities in zip(measures, (("D", "G", "R"), ("distance",)), strict=True):
        rows, table = measure.rows(seen), measure.table(seen)
        for quantity in quantities:
            values = [row["value"] for row in rows if row["quantity"] == quantity]
            errors = [row["error"] for row in rows if row["quantity"] == quantity]
            assert values == table[quantity].tolist()
            np.testing.assert_array_equal(errors, table[f"{quantity}_error"])
