"""A perturbation of a user's own, against closed forms; and what is not taken for one."""

from pathlib import Path

import pandas
import pytest
import torch
from probe_cases import module_of_a_user, probe
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.probe import images, measuring, subject
from cnn_sensitivity.probe.perturbing import perturbed

MODULE = """
import random

import torch
from torch import nn

calls = []

def brighter(images, displacement, generator):
    return images + displacement

def scaled(images, displacement, generator):
    return images.mul_(1 + displacement)  # in place

def swapped(images, displacement, generator):
    return images.flip(-1)

def noisy(images, displacement, generator):
    draws = torch.randn(images.shape, generator=generator, dtype=torch.float64)
    return images + displacement * draws

def global_noise(images, displacement, generator):
    return images + torch.randn_like(images)

def python_noise(images, displacement, generator):
    return images + random.random()

def remembers(images, displacement, generator):
    calls.append(1)
    return images * len(calls)

def same(images, displacement, generator):
    return images

def smaller(images, displacement, generator):
    return images[..., 1:]

def an_array(images, displacement, generator):
    return images.numpy()

def whole(images, displacement, generator):
    return images.round().long()

def imaginary(images, displacement, generator):
    return images + 1j

def sparse(images, displacement, generator):
    return images.to_sparse()

def infinite(images, displacement, generator):
    return images / 0

def broken(images, displacement, generator):
    raise KeyError("never ready")

def leaves(images, displacement, generator):
    raise SystemExit(3)

def two(images, generator):
    return images

def four(images, displacement, generator, more):
    return images

number = 3

def make(in_channels, num_classes, image_size, width):
    torch.manual_seed(5)
    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * image_size**2, num_classes))
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of a user's own, where the command runs."""
    return module_of_a_user("changing", MODULE, tmp_path, monkeypatch)


def pictures(count: int = 40) -> images.Images:
    pixels = torch.randint(0, 256, (count, 1, 6, 6), generator=torch.Generator().manual_seed(1))
    return images.Images("random", pixels.to(torch.uint8), (0.5,), (0.25,), None)


def output(network: nn.Module, name: str, displacement: float) -> pandas.Series:
    """Return the row of the output under a perturbation."""
    taken = pictures()
    found = subject.Subject("mine", network, taken, lambda: network)
    changed = perturbed(taken.normalized(), displacement, own=f"changing:{name}")
    table = measuring.measure(found, [changed], layers="output", only_trained=True)
    assert set(table["perturbation"]) == {f"changing:{name}"}
    return table[table["average"] == "mean"].iloc[-1]


def pairs(outputs: Tensor) -> float:
    """Return the mean squared distance of all pairs [P, d], equal ones too: twice the variance."""
    return 2 * outputs.var(0, correction=0).sum().item()


def projection(weight: Tensor) -> nn.Module:
    linear = nn.Linear(len(weight), 1, bias=False)
    linear.weight.data = weight[None]
    return nn.Sequential(nn.Flatten(), linear)


def test_added_brightness_moves_a_projection_by_the_sum_of_its_weights() -> None:
    x = pictures().normalized().flatten(1)
    weight = torch.linspace(-1, 2, 36)
    row = output(projection(weight), "brighter", 0.3)
    expected = (0.3 * weight.sum()).item() ** 2 / pairs(x @ weight[:, None])
    assert row["D"] == pytest.approx(expected, rel=1e-4)


def test_noise_is_as_large_as_what_was_changed_of_each_image() -> None:
    """Seen through the identity, D is the squared change, and R is 1."""
    x = pictures().normalized().flatten(1)
    for name, size, expected in (
        ("brighter", 0.3, 0.3**2 * 36),
        ("scaled", 0.1, 0.1**2 * x.square().sum(1).mean().item()),
        ("swapped", 2.0, (x.view(-1, 6, 6).flip(-1) - x.view(-1, 6, 6)).square().sum().item() / 40),
    ):
        row = output(nn.Flatten(), name, size)
        assert row["D"] == pytest.approx(expected / pairs(x), rel=1e-4)
        assert row["R"] == pytest.approx(1, rel=1e-5)


def test_a_projection_sees_one_of_all_directions_of_noise() -> None:
    """Brightness lies along its weights, noise does so with one part of 36."""
    assert output(projection(torch.ones(36)), "brighter", 0.3)["R"] == pytest.approx(36, rel=0.5)


def test_draws_follow_from_the_seed_and_the_images_stay() -> None:
    clean = pictures().normalized()
    before = clean.clone()
    first, again, other = (
        perturbed(clean, 0.5, seed=seed, own="changing:noisy") for seed in (0, 0, 1)
    )
    perturbed(clean, 0.5, own="changing:scaled")
    assert torch.equal(clean, before)
    assert torch.equal(first.deformed, again.deformed)
    assert not torch.equal(first.deformed, other.deformed)
    generator = torch.Generator().manual_seed(derive_seed("probe", "deformation", 0))
    draws = torch.randn(clean.shape, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(first.deformed, (clean + 0.5 * draws).float())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("global_noise", "called twice with equal generators it changes the images in two ways"),
        ("python_noise", "called twice with equal generators"),
        ("remembers", "called twice with equal generators"),
        ("same", "it changes no image at 0.5"),
        ("smaller", r"it must return images of shape \[40, 1, 6, 6\], not \[40, 1, 6, 5\]"),
        ("an_array", "it must return a tensor, not ndarray"),
        ("whole", "it must return torch.float32 as it was given, not torch.int64"),
        ("imaginary", "it must return torch.float32 as it was given, not torch.complex64"),
        ("sparse", "it must return plain numbers, not a sparse tensor"),
        ("infinite", "it returns numbers that are not finite at 0.5"),
        ("broken", r"it cannot be called with images of shape .*KeyError: .* line \d+\)"),
        ("leaves", "it cannot be called with images of shape .*SystemExit: 3"),
        ("two", "it must accept images, displacement, generator as keywords"),
        ("four", "it must accept images, displacement, generator as keywords"),
        ("number", "'number' is not callable"),
        ("nothing", "module 'changing' has no 'nothing'"),
    ],
)
def test_what_is_no_perturbation_is_named(name: str, says: str) -> None:
    with pytest.raises(UserError, match=f"^perturbation 'changing:{name}': {says}"):
        perturbed(pictures().normalized(), 0.5, own=f"changing:{name}")


def test_the_output_says_what_changed_the_images_and_draws_no_line_of_deformations(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ("changing:make", "--count", 6, "--perturbation", "changing:brighter")
    probe(*call, "--displacement", 0.2, 0.4, "--save-images", 1, "--only", "trained")
    printed = capsys.readouterr().out
    assert ", changed by changing:brighter; its output:" in printed
    assert "Petrini" not in printed and "R by displacement: " in printed
    assert "\n.\n" not in printed  # of a sentence without parts
    table = pandas.read_csv(own / "probe/changing_make.csv")
    assert set(table["perturbation"]) == {"changing:brighter"}
    for end in ("", "_sweep"):
        assert "changing:brighter" in (own / f"probe/changing_make{end}.txt").read_text()
    probe("changing:make", "--count", 6)
    assert set(pandas.read_csv(own / "probe/changing_make.csv")["perturbation"]) == {
        "diffeomorphism"
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--cutoff 4", "--cutoff is of the deformation"),
        ("--compare", "--compare: those networks were deformed"),
        ("--displacement inf", "--displacement must be a finite number"),
    ],
)
def test_options_of_the_deformation_are_refused(arguments, sentence, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        probe("changing:make", "--perturbation", "changing:brighter", *arguments.split())
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


def test_without_a_colon_it_is_said_what_is_wanted(capsys) -> None:
    with pytest.raises(SystemExit):
        probe("changing:make", "--perturbation", "brighter")
    (line,) = capsys.readouterr().err.splitlines()
    assert "--perturbation brighter: give it as module:callable" in line
