"""The points tasks, against the probabilities and covariances that define them."""

from math import sqrt

import numpy as np
import pytest
from scipy.stats import chi2, norm

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.points import components, cylinder, sphere, stripe


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_stripe_is_as_long_as_its_probability_says() -> None:
    x, y = stripe.stripe(generator(), 100_000, 4)
    assert norm.cdf(stripe.EDGES[1]) - norm.cdf(stripe.EDGES[0]) == pytest.approx(0.5, abs=1e-4)
    assert abs((y > 0).mean() - 0.5) < 5 * 0.5 / sqrt(1e5)
    assert set(y) == {-1, 1}
    assert (y[(x[:, 0] > 0) & (x[:, 0] < 1)] == -1).all()
    assert (y[(x[:, 0] < -0.31) | (x[:, 0] > 1.19)] == 1).all()
    assert np.cov(x.T) == pytest.approx(np.eye(4), abs=0.03)


@pytest.mark.parametrize("informative", [1, 2, 3, 5])
def test_half_of_the_points_are_in_the_cylinder(informative: int) -> None:
    share = chi2.cdf(cylinder.squared_radius(informative), informative)
    exact = {2: 1e-12, 1: 0.07}.get(informative, 0.012)
    assert share == pytest.approx(0.5, abs=exact)
    x, y = cylinder.cylinder(generator(), 100_000, 6, informative, stretch=3.0)
    assert abs((y > 0).mean() - share) < 5 * 0.5 / sqrt(1e5)
    inside = (x[:, :informative] ** 2).sum(axis=1) < cylinder.squared_radius(informative)
    assert (inside == (y > 0)).all()
    assert x.std(axis=0) == pytest.approx([1.0] * informative + [3.0] * (6 - informative), rel=0.02)


def test_a_point_is_drawn_from_the_generator_and_from_nothing_else() -> None:
    for task in (stripe.stripe, cylinder.cylinder):
        one, other = task(generator(3), 10, 4), task(generator(3), 10, 4)
        assert all((a == b).all() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("dimension", [2, 3, 5])
def test_points_are_uniform_on_the_sphere(dimension: int) -> None:
    x = sphere.uniform(generator(), 50_000, dimension)
    assert np.linalg.norm(x, axis=1) == pytest.approx(1)
    assert x.mean(axis=0) == pytest.approx(0, abs=0.02)
    assert np.cov(x.T) == pytest.approx(np.eye(dimension) / dimension, abs=0.01)
    assert (x[:, 0] ** 4).mean() == pytest.approx(3 / dimension / (dimension + 2), rel=0.05)
    assert (sphere.constant(x) == 1).all()


def test_the_gaussian_random_target_has_the_covariance_of_its_teacher(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In two dimensions E |cos u|^a |cos(u - v)|^a over the angle u, by quadrature; it is even."""
    angles = np.array([0.0, 0.4, 1.3])
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    x = np.concatenate([x, -x])
    monkeypatch.setattr(sphere, "BLOCK", 6 * 64)  # several blocks
    draws = np.stack([sphere.gaussian_random(generator(s), x, 1.0, 200) for s in range(4000)])
    assert draws[:, :3] == pytest.approx(draws[:, 3:])
    u = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    projections = np.abs(np.cos(u[:, None] - angles))
    expected = projections.T @ projections / len(u)
    assert np.cov(draws[:, :3].T) == pytest.approx(expected, abs=0.05)
    assert draws.mean() == pytest.approx(0, abs=0.05)


def test_centred_images_have_equal_norms() -> None:
    images = generator().integers(0, 256, (20, 1, 4, 5), dtype=np.uint8)
    points = components.centred(images)
    assert points.shape == (20, 20)
    assert np.linalg.norm(points, axis=1) == pytest.approx(sqrt(20))
    away = images.reshape(20, -1) - images.reshape(20, -1).mean(axis=0)
    cosine = (points * away).sum(axis=1) / np.linalg.norm(away, axis=1) / sqrt(20)
    assert cosine == pytest.approx(1)


def test_principal_components_are_those_of_the_singular_values() -> None:
    points = generator().standard_normal((50, 7)) * np.arange(1, 8) + 3
    found = components.principal_components(points, 3)
    left, values, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    expected = left[:, :3] * values[:3]
    expected /= sqrt(expected.var(axis=0).mean())
    assert np.abs(found) == pytest.approx(np.abs(expected))
    assert (found**2).mean() == pytest.approx(1)


def test_parity_is_one_for_even_classes() -> None:
    assert components.parity(np.array([0, 1, 2, 9])).tolist() == [1, -1, 1, -1]


def test_sizes_out_of_range_are_refused() -> None:
    for call in (
        lambda: stripe.stripe(generator(), 0, 3),
        lambda: stripe.stripe(generator(), 3, 0),
        lambda: cylinder.cylinder(generator(), 3, 2, informative=3),
        lambda: cylinder.cylinder(generator(), 3, 3, stretch=0.0),
        lambda: sphere.uniform(generator(), 3, 1),
        lambda: sphere.gaussian_random(generator(), np.eye(2), exponent=0.0),
        lambda: components.centred(np.ones((3, 2, 2))),
        lambda: components.principal_components(np.ones((3, 2)), 3),
    ):
        with pytest.raises(UserError, match=r"at least|must be|one of them equals|have 1 to 2"):
            call()
