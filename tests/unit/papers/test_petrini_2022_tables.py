"""S22's regressions on the sphere, against enumeration, closed forms and automatic derivatives."""

from itertools import combinations

import numpy as np
import pytest
import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.papers.petrini_2022.settings import Sphere
from cnn_sensitivity.papers.petrini_2022.tables.descent import descent
from cnn_sensitivity.papers.petrini_2022.tables.minimum_norm import atoms, minimum_norm, relu
from cnn_sensitivity.papers.petrini_2022.tables.pictures import circle_table, sample_table
from cnn_sensitivity.papers.petrini_2022.tables.sphere import (
    drawn,
    kernel_regression,
    mean_square,
    rotated,
    rotation,
    sphere_table,
)
from cnn_sensitivity.papers.petrini_2022.theory import exponent
from cnn_sensitivity.tasks.points.sphere import uniform


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_least_norm_is_that_of_the_best_vertex() -> None:
    """A linear programme has its optimum at a vertex: here all of them are enumerated."""
    features, y = generator().standard_normal((3, 9)), np.array([1.0, -0.5, 2.0])
    norms = [
        np.abs(np.linalg.solve(features[:, chosen], y)).sum()
        for chosen in map(list, combinations(range(9), 3))
    ]
    weights = minimum_norm(features, y)
    np.testing.assert_allclose(features @ weights, y, atol=1e-10)
    assert np.abs(weights).sum() == pytest.approx(min(norms), rel=1e-9)
    assert np.count_nonzero(weights) <= 3


@pytest.mark.parametrize(
    ("dimension", "points", "mass"), [(2, 60, np.pi), (3, 90, 4.0), (5, 128, 16 / 3)]
)
def test_a_constant_has_the_norm_of_the_uniform_measure(
    dimension: int, points: int, mass: float
) -> None:
    """1 = mass x mean of ReLU(theta . x) over the sphere, and fewer points need no more."""
    x = uniform(generator(), points, dimension)
    directions = uniform(generator(1), 2000, dimension)
    norm = np.abs(minimum_norm(relu(x, directions), np.ones(points))).sum()
    assert 0.95 * mass < norm < 1.01 * mass
    assert 1 / np.maximum(uniform(generator(2), 10**6, dimension)[:, 0], 0).mean() == pytest.approx(
        mass, rel=0.01
    )


def test_a_dictionary_that_is_too_small_is_refused() -> None:
    with pytest.raises(UserError, match="^directions 2: no combination of them goes through 3"):
        minimum_norm(np.ones((3, 2)), np.array([1.0, 2.0, 3.0]))


def test_neurons_of_one_pattern_are_one_atom() -> None:
    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    directions = np.array([[1.0, 0.1], [0.1, 1.0], [1.0, -1.0], [-1.0, -1.0], [1.0, 1.0]])
    assert atoms(x, directions, np.array([1.0, -2.0, 3.0, 4.0, 0.0])) == 3
    assert atoms(x, directions, np.array([0.0, 0.0, 3.0, 0.0, 0.0])) == 1


def test_a_step_of_the_descent_is_along_the_gradient_on_the_sphere() -> None:
    x, y = uniform(generator(), 6, 3), np.ones(6)
    ways = {"neurons": 7, "penalty": 0.0}
    theta, weights = descent(x, y, steps=5, generator=generator(1), **ways)
    after_theta, after_weights = descent(x, y, steps=6, generator=generator(1), **ways)
    w = torch.tensor(7 * weights, requires_grad=True)
    along = torch.tensor(theta, requires_grad=True)
    outputs = torch.relu(torch.from_numpy(x) @ along.T) @ w / 7
    loss = ((outputs - torch.from_numpy(y)) ** 2).mean() / 2
    loss.backward()
    assert w.grad is not None and along.grad is not None
    tangent = along.grad - along.detach() * (along * along.grad).sum(1, keepdim=True)
    moved = (along - 7 * tangent).detach()
    np.testing.assert_allclose(after_weights, (w - 7 * w.grad).detach().numpy() / 7, atol=1e-12)
    np.testing.assert_allclose(
        after_theta, (moved / moved.norm(dim=1, keepdim=True)).numpy(), atol=1e-12
    )


def test_the_descent_comes_to_the_least_norm() -> None:
    """As many directions as both can choose from; by its penalty it stays a little below."""
    x, y = uniform(generator(3), 8, 3), np.ones(8)
    theta, weights = descent(x, y, neurons=400, steps=6000, penalty=1e-5, generator=generator(4))
    directions = uniform(generator(5), 3000, 3)
    least = np.abs(minimum_norm(relu(x, directions), y)).sum()
    np.testing.assert_allclose(relu(x, theta) @ weights, y, atol=5e-3)
    assert np.abs(weights).sum() == pytest.approx(least, rel=0.03)


def test_lazy_is_the_regression_with_the_kernel_of_the_authors_code() -> None:
    x, y = uniform(generator(), 12, 3), generator(1).standard_normal(12)
    test = uniform(generator(2), 5, 3)

    def kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        cosine = np.clip(one @ other.T, -1, 1)
        phi = np.arccos(cosine)
        k0 = (np.pi - phi) / np.pi
        k1 = (np.sin(phi) + (np.pi - phi) * cosine) / np.pi
        return (cosine * k0 + k1) / 6

    expected = kernel(test, x) @ np.linalg.solve(kernel(x, x), y)
    np.testing.assert_allclose(kernel_regression(x, y)(test), expected, rtol=1e-6)


def test_points_are_rotated_by_the_angle_in_all_directions() -> None:
    points = uniform(generator(), 4000, 3)
    moved = rotated(generator(1), points, 10)
    np.testing.assert_allclose((points * moved).sum(axis=1), np.cos(np.deg2rad(10)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1)
    assert np.abs((moved - np.cos(np.deg2rad(10)) * points).mean(axis=0)).max() < 0.01


def test_the_sensitivity_to_rotations_is_over_all_pairs() -> None:
    outputs, moved = generator().standard_normal((2, 30))
    pairs = ((outputs[:, None] - outputs) ** 2).mean()
    assert rotation(outputs, moved) == pytest.approx(((moved - outputs) ** 2).mean() / pairs)


TOLD = Sphere(
    dimension=3,
    feature_sizes=[8, 16],
    lazy_sizes=[16],
    descent_sizes=[8],
    seeds=2,
    directions=400,
    descent_neurons=50,
    descent_steps=100,
    test_points=300,
)


def test_a_table_has_a_row_for_each_regime_size_and_training_set() -> None:
    table = sphere_table(TOLD, root_seed=0)
    counts = table.groupby(["regime", "train_points"]).size().to_dict()
    assert counts == {
        ("feature", 8): 2,
        ("feature", 16): 2,
        ("lazy", 16): 2,
        ("descent", 8): 1,  # descent_seeds
    }
    assert table["exponent"].isna().all()
    assert (table.loc[table["regime"] == "lazy", "atoms"] == 0).all()
    assert not table.duplicated("test_error").any()
    again = sphere_table(TOLD, root_seed=0)
    assert table.equals(again)
    # The error of lazy is that of the regression on the set of the same seed.
    identity = ("sphere", 0, 3, 16, 1)
    sample = drawn(TOLD, 16, np.random.default_rng(derive_seed(0, *identity)))
    error = ((kernel_regression(sample.x, sample.y)(sample.test) - 1) ** 2).mean()
    row = table[(table["regime"] == "lazy") & (table["seed"] == 1)]
    assert row["test_error"].item() == pytest.approx(error)


def test_a_random_target_is_one_function_for_training_and_test() -> None:
    told = TOLD.model_copy(update={"exponent": 3.0, "neurons": 500})
    sample = drawn(told, 200, generator())
    error = ((kernel_regression(sample.x, sample.y)(sample.test) - sample.targets) ** 2).mean()
    assert error < 0.02 * (sample.targets**2).mean()


@pytest.mark.parametrize("exponent_", [0.25, 1.0, 3.0])
def test_the_mean_square_of_random_targets(exponent_: float) -> None:
    along = uniform(generator(), 400_000, 5)[:, 0]
    expected = (np.abs(along) ** (2 * exponent_)).mean()
    assert mean_square(exponent_, 5) == pytest.approx(expected, rel=0.02)
    assert mean_square(1.0, 7) == pytest.approx(1 / 7)
    assert mean_square(None, 5) == 1


def test_an_even_exponent_is_refused() -> None:
    with pytest.raises(ValueError, match="exponent 4: .* is a polynomial, and not of smoothness"):
        Sphere(dimension=5, exponent=4, feature_sizes=[8], lazy_sizes=[8], seeds=1)


def test_both_predictors_on_the_circle_go_through_the_points() -> None:
    table = circle_table(0)
    training = table[table["kind"] == "training"]
    np.testing.assert_allclose(training[["feature", "lazy"]], 1, atol=1e-6)
    curve = table[table["kind"] == "curve"]
    assert (curve["feature"] - 1).abs().max() > (curve["lazy"] - 1).abs().max() > 0.01


def test_samples_of_the_target_get_rougher() -> None:
    table = sample_table(0)
    steps = []
    for exponent_, rows in table.groupby("exponent"):
        image = rows.pivot(index="row", columns="column", values="value").to_numpy()
        assert np.sqrt(np.nanmean(image**2)) == pytest.approx(1)
        middle = image[40:80, 40:80]
        second = middle[:, 2:] - 2 * middle[:, 1:-1] + middle[:, :-2]
        steps.append((exponent_, np.sqrt((second**2).mean())))
    sizes = [size for _, size in sorted(steps)]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("regime", "expected"), [("feature", [-4, -2.5, -1.75]), ("lazy", [-4, -3, -2.5])]
)
def test_the_predicted_exponents(regime: str, expected: list[float]) -> None:
    """The facts' table of section 2, d = 2, 3, 5, and the rough target's 2 nu_t = 3."""
    assert [exponent(regime, d) for d in (2, 3, 5)] == expected
    assert exponent(regime, 5, 1.5) == -0.75
    assert exponent(regime, 3, 100.0) == exponent(regime, 3)
