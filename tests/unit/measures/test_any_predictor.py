"""Whatever maps inputs to outputs is measured alike: a kernel machine, which has no layers."""

import numpy as np
import pytest
import torch
from sensitivity_cases import brute_force
from torch import Tensor, nn

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config import Diffeomorphism, Measurement, MeasurementSettings
from cnn_sensitivity.config.measurements import QUANTITIES
from cnn_sensitivity.measures import cosine_distance, sensitivity
from cnn_sensitivity.measures.base import Measure, Seen, look, measure_class
from cnn_sensitivity.measures.stimuli import perturbed_images
from cnn_sensitivity.networks.representation import Representation, behind_centring, centring
from cnn_sensitivity.tasks.images.embedded import load_images
from cnn_sensitivity.tasks.store import normalize


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


def test_what_centres_its_images_may_be_shown_centred_ones_that_are_then_deformed() -> None:
    """By hand: z = (x - mean)/|x - mean| sqrt(N), tau z, z + eta, and the predictor of these."""
    data = load_images(train_size=40, test_size=30)
    before = Representation.of(data)
    settings = MeasurementSettings(
        measurements={"d": Measurement(perturbation=Diffeomorphism(), images=30, centred=True)},
        root_seed=0,
    )
    shown = perturbed_images(data, "feature", 0.0, settings, settings.measurements, before)["d"]
    order = torch.randperm(
        30, generator=torch.Generator().manual_seed(derive_seed(0, "feature", "measured images"))
    )
    x = normalize(data.test.images[order], data.mean, data.std).double()
    every = torch.cat([data.train.images, data.test.images])
    mean = normalize(every, data.mean, data.std).double().mean(0)
    z = (x - mean) / (x - mean).flatten(1).norm(dim=1)[:, None, None, None] * 28
    np.testing.assert_allclose(shown["images"], z, atol=1e-9)
    drawn = torch.Generator().manual_seed(derive_seed(0, "feature", "deformation"))
    tau = perturbations.perturb(z, Diffeomorphism(), drawn)
    np.testing.assert_allclose(shown["deformed"], tau, atol=1e-7)
    moved = (shown["noisy"] - shown["images"]).flatten(1).norm(dim=1)
    np.testing.assert_allclose(moved, (tau - z).flatten(1).norm(dim=1), rtol=1e-6)
    weights = draws(784, 1, seed=0)
    linear = nn.Linear(784, 1, bias=False, dtype=torch.float64)
    linear.weight.data = weights.T
    predictor = nn.Sequential(before, linear)
    assert centring(predictor) is before
    outputs = behind_centring(predictor)(shown["deformed"])
    np.testing.assert_allclose(outputs.detach(), tau.flatten(1) @ weights, atol=1e-5)


def test_what_does_not_centre_its_images_is_refused() -> None:
    for network in (MACHINE, nn.Sequential(nn.Flatten(), MACHINE), Representation(9, 2)):
        with pytest.raises(UserError, match="^measurement: centred is of predictors that centre"):
            behind_centring(network)
