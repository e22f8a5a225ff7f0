"""The tables behind the phase diagram and the sphere of P21."""

import math

import numpy as np
import pytest
import torch
import training_cases as cases

from cnn_sensitivity.papers.petrini_2021.tables.phase_diagram import (
    EXAMPLES,
    bounds_table,
    example_table,
    sphere_table,
)
from cnn_sensitivity.tasks.store import assemble

IMAGES = cases.images(size=16, test=150)


def image_of(table, picture: str) -> np.ndarray:
    rows = table[table["picture"] == picture]
    return rows.pivot(index="row", columns="column", values="value").to_numpy()


@pytest.mark.parametrize(
    ("cutoff", "lowest", "one_pixel", "highest"),
    [
        (3, 3.70e-4, 1.48e-3, 1.30e-2),
        (5, 2.52e-4, 1.01e-3, 3.21e-3),
        (15, 1.50e-4, 6.00e-4, 2.12e-4),
    ],
)
def test_the_bounds_are_those_of_the_authors_code(cutoff, lowest, one_pixel, highest):
    table = bounds_table(28).set_index("cutoff")
    assert list(table.index) == list(range(2, 29))
    found = table.loc[cutoff, ["lowest", "one_pixel", "highest"]].tolist()
    assert found == pytest.approx([lowest, one_pixel, highest], rel=4e-3)


def test_the_region_closes_where_a_wave_has_three_pixels():
    """T1 = T2 at c = 2 n / pi."""
    table = bounds_table(28)
    is_open = table["cutoff"] < 2 * 28 / math.pi
    assert ((table["lowest"] < table["highest"]) == is_open).all()


def test_the_examples_are_one_image_deformed():
    table = example_table(IMAGES, root_seed=3)
    assert table.equals(example_table(IMAGES, root_seed=3))
    names = table["picture"].unique().tolist()
    assert names == ["original", *(f"example-{number}" for number in range(len(EXAMPLES)))]
    shown = table.dropna().drop_duplicates("picture")
    assert list(zip(shown["cutoff"], shown["displacement"], strict=True)) == list(EXAMPLES)
    heats = 4 * shown["displacement"] ** 2 / (math.pi * 16**2 * np.log(shown["cutoff"]))
    assert shown["temperature"].tolist() == pytest.approx(heats.tolist())
    original = image_of(table, "original")
    assert table["value"].between(0, 1).all()
    change = {
        example: np.abs(image_of(table, f"example-{number}") - original).mean()
        for number, example in enumerate(EXAMPLES)
    }
    assert change[3, 0.2] < change[3, 1.0] < change[3, 3.0]
    # Interpolation makes no new values.
    for name in names:
        assert image_of(table, name).max() <= original.max() + 1e-6


def test_the_image_of_most_contrast_among_the_first_is_shown():
    contrast = IMAGES.test.images[:100].double().flatten(1).std(1)
    best = IMAGES.test.images[int(contrast.argmax()), 0].numpy() / 255
    table = sphere_table(IMAGES, root_seed=3)
    np.testing.assert_allclose(image_of(table, "original"), best, atol=1e-6)


def test_deformations_and_noise_lie_on_one_sphere():
    table = sphere_table(IMAGES, root_seed=3)
    distance = table.groupby("picture")["distance"].agg(["min", "max"])
    assert distance.loc["original"].tolist() == [0, 0]
    assert set(distance.index) == {"original", "deformed-0", "deformed-1", "noisy-0", "noisy-1"}
    others = distance.drop("original").to_numpy()
    assert others == pytest.approx(np.full_like(others, others[0, 0]), rel=1e-5)
    # From the pixels themselves, in which a deformation loses nothing.
    original = image_of(table, "original")
    for name in ("deformed-0", "deformed-1"):
        found = np.linalg.norm(image_of(table, name) - original)
        relative = found / np.linalg.norm(original - original.mean())
        assert relative == pytest.approx(others[0, 0], rel=1e-4)
    assert not np.allclose(image_of(table, "deformed-0"), image_of(table, "deformed-1"))


def test_an_image_that_no_deformation_changes_is_no_trap():
    """All grey: every deformation is at distance 0."""
    grey = torch.full((4, 1, 8, 8), 90, dtype=torch.uint8)
    split = type(IMAGES.test)(grey, torch.tensor([0, 1, 2, 0]))
    dataset = assemble(
        name="grey", title="grey", classes=("a", "b", "c"), mean=(0.4,), std=(0.3,),
        train=split, test=split,
    )  # fmt: skip
    np.testing.assert_allclose(sphere_table(dataset, root_seed=0)["value"], 90 / 255, rtol=1e-5)
