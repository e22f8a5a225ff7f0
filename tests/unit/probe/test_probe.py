"""`cnn-sensitivity probe`: one network, end to end, against the functions called by hand."""

import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
from PIL import Image
from probe_cases import pictures, probe

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.networks import NAMES, build
from cnn_sensitivity.probe import images, measuring, report, subject
from cnn_sensitivity.probe.perturbing import perturbed
from cnn_sensitivity.probe.progress import Bar

COUNT = 20


def rows(table: pandas.DataFrame, state: str, wiring: str, average: str) -> pandas.DataFrame:
    chosen = (table["state"] == state) & (table["wiring"] == wiring) & (table["average"] == average)
    return table[chosen].reset_index(drop=True)


def test_the_numbers_are_those_of_the_functions_called_by_hand(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stem = tmp_path / "made" / "lenet"
    probe("lenet", "--weights", weights, "--count", COUNT, "--seed", 4, "--output", stem)
    table = pandas.read_csv(f"{stem}.csv")

    network = build("LeNet", 1, 10, 28)
    network.load_state_dict(torch.load(weights))
    taken = images.take("embedded", count=COUNT, seed=4).normalized()
    deformed, noisy, *_ = perturbed(taken, seed=4)
    for average, layers in (("mean", "activations"), ("median", "output")):
        expected = sensitivity.measure(
            network, taken, deformed, noisy, layers=layers, average=average
        )
        found = rows(table, "trained", "original", average)[list(expected)]
        pandas.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-5)
    for state, wiring in (("trained", "shuffled"), ("initial", "original")):
        other = rows(table, state, wiring, "mean")
        assert list(other["layer"]) == list(rows(table, "trained", "original", "mean")["layer"])
        assert not np.allclose(other["D"], rows(table, "trained", "original", "mean")["D"])

    for end in (".png", ".pdf", ".svg", ".txt"):
        assert Path(f"{stem}{end}").stat().st_size > 0
    drawn = pandas.read_csv(f"{stem}_drawn.csv")
    assert len(drawn) == 3 * (table["average"] == "mean").sum()
    printed = capsys.readouterr().out
    last = rows(table, "trained", "original", "median").iloc[-1]
    assert f"{last['R']:.3g} ± {last['R_error']:.1g}" in printed
    assert f"{24 * last['R'] ** 0.5:.3g} %" in printed
    initial = rows(table, "initial", "original", "mean").iloc[-1]["R"]
    ratio = rows(table, "trained", "original", "mean").iloc[-1]["R"] / initial
    assert f"{ratio:.3g} times" in printed


def test_deformation_and_noise_are_those_of_the_perturbations() -> None:
    taken = images.take("embedded", count=COUNT).normalized()
    deformed, noisy, *_ = perturbed(taken, displacement=0.8, cutoff=4, seed=2)
    generator = torch.Generator().manual_seed(derive_seed("probe", "deformation", 2))
    assert torch.equal(deformed, perturbations.deform(taken, 0.8, 4, generator))
    sizes = [(each - taken).flatten(1).norm(dim=1) for each in (deformed, noisy)]
    torch.testing.assert_close(*sizes)


def test_the_first_convolution_of_most_networks_is_shuffled_with_the_default_seed() -> None:
    """Of networks that take colours: one in six has the identity there, by chance."""
    colours = torch.randint(0, 256, (6, 3, 8, 8), generator=torch.Generator().manual_seed(1))
    taken = images.Images("random", colours.to(torch.uint8), (0.0,) * 3, (1.0,) * 3, None)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    changed = perturbed(taken.normalized(), displacement=0.6)
    first = []
    for name in (*NAMES, "mine:network"):
        named = subject.Subject(name, network, taken, lambda: network)
        table = measuring.measure(named, [changed])
        first.append(rows(table, "trained", "shuffled", "mean")["D"].iloc[0])
    unshuffled = rows(table, "trained", "original", "mean")["D"].iloc[0]
    assert np.mean(np.array(first) != unshuffled) > 0.6
    assert len(set(first)) > 3


def test_only_trained_leaves_the_others_out(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    probe("LeNet", "--weights", weights, "--count", 5, "--only", "trained", "--displacement", 9,
          "--output", tmp_path / "x")  # fmt: skip
    printed = capsys.readouterr()
    assert "Note: a displacement of 9.0 pixels" in printed.out and not printed.err
    assert "freshly" not in printed.out
    table = pandas.read_csv(tmp_path / "x.csv")
    assert set(table["state"]) == {"trained"} and set(table["wiring"]) == {"original"}


def test_the_initial_network_is_measured_on_batch_statistics(own: Path) -> None:
    taken = images.take("embedded", count=COUNT)
    found = subject.find("probed_module:make", taken)
    changed = perturbed(taken.normalized())
    table = measuring.measure(found, [changed])
    expected = sensitivity.measure(
        found.fresh(),
        taken.normalized(),
        changed.deformed,
        changed.noisy,
        layers="activations",
        batch_statistics=True,
    )
    initial = rows(table, "initial", "original", "mean")[list(expected)]
    pandas.testing.assert_frame_equal(initial, expected, check_dtype=False)


def test_a_callable_is_found_in_this_folder_and_made_anew(own: Path) -> None:
    sys.path.remove(str(own))  # the command puts it there
    probe("probed_module:make", "--count", 10)
    table = pandas.read_csv(own / "probe/probed_module_make.csv")
    trained, initial = (rows(table, s, "original", "mean") for s in ("trained", "initial"))
    assert len(trained) == 2 and not np.allclose(trained["D"], initial["D"])


def test_classes_and_channels_come_from_the_weights(tmp_path: Path) -> None:
    path = tmp_path / "colour.pt"
    torch.save(build("VGG11bn", 3, 7, 32, width=0.1).state_dict(), path)
    pictures(tmp_path / "grey", 4, side=32, colour=False)
    taken = images.take(str(tmp_path / "grey"))
    found = subject.find("vgg11BN", taken, weights=path, width=0.1)
    assert found.name == "VGG11bn"
    assert found.images.pixels.shape == (4, 3, 32, 32)
    assert found.trained(found.images.normalized()).shape == (4, 7)
    assert found.fresh()(found.images.normalized()).shape == (4, 7)
    first = next(found.trained.parameters()), next(found.fresh().parameters())
    assert not torch.equal(*first)


def test_of_two_sets_of_weights_key_chooses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = {name: build("LeNet", 1, 10, 28).state_dict() for name in ("model", "model_ema")}
    path, stem = tmp_path / "both.ckpt", tmp_path / "x"
    torch.save({"epoch": 1, **sets}, path)
    call = ("LeNet", "--weights", path, "--count", 4, "--only", "trained", "--output", stem)
    found, said = [], []
    for more in ((), ("--key", "model"), ("--key", "model_ema")):
        probe(*call, *more)
        found.append(pandas.read_csv(f"{stem}.csv")["D"].tolist())
        said.append("both.ckpt: model is taken, and model_ema" in capsys.readouterr().out)
    assert found[0] == found[1] != found[2] and said == [True, False, False]


def test_options_reach_the_network(tmp_path: Path) -> None:
    path = tmp_path / "projected.pt"
    torch.save(build("ResNet20", 1, 10, 28, shortcut="projection").state_dict(), path)
    probe("resnet20", "--weights", path, "--option", "shortcut=projection", "--count", 4,
          "--only", "trained", "--output", tmp_path / "x")  # fmt: skip
    assert (tmp_path / "x.csv").exists()


def test_torchvisions_networks_take_a_file_too(tmp_path: Path) -> None:
    import torchvision

    network = torchvision.models.squeezenet1_1(num_classes=5)
    torch.save(network.state_dict(), tmp_path / "own.pt")
    pictures(tmp_path / "images", 4)
    name = "torchvision:squeezenet1_1"
    wanted = {**subject.wanted_images(name), "size": 40}
    taken = images.take(str(tmp_path / "images"), **wanted)
    assert taken.mean == (0.485, 0.456, 0.406) and taken.pixels.shape == (4, 3, 40, 40)
    found = subject.find(name, taken, weights=tmp_path / "own.pt")
    network.eval(), found.trained.eval()
    assert torch.equal(found.trained(taken.normalized()), network(taken.normalized()))


def test_images_of_a_folder_with_and_without_classes(tmp_path: Path) -> None:
    pictures(tmp_path / "flat", 6)
    flat = images.take(str(tmp_path / "flat"))
    assert flat.classes is None and flat.pixels.shape == (6, 3, 16, 16)
    seen = flat.normalized().double()
    torch.testing.assert_close(seen.mean((0, 2, 3)), torch.zeros(3).double(), atol=1e-5, rtol=0)
    for name, count in (("cat", 2), ("dog", 5)):
        pictures(tmp_path / "sorted" / name, count)
    sorted_images = images.take(str(tmp_path / "sorted"), count=4, size=8)
    assert sorted_images.classes == 2 and sorted_images.pixels.shape == (4, 3, 8, 8)
    pictures(tmp_path / "train" / "cat", 1)
    for before, split in (("sorted", "validation"), ("validation", "val"), ("val", "test")):
        (tmp_path / before).rename(tmp_path / split)
        assert images.take(str(tmp_path)).pixels.shape[0] == 7  # those of train are not taken


def test_images_that_are_not_square_are_cropped_or_squashed(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    for number in range(4):
        pixels = draw.integers(0, 256, (12, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    cropped = images.take(str(tmp_path), size=12, seed=1)
    squashed = images.take(str(tmp_path), size=12, crop="squash", seed=1)
    shown = np.asarray(Image.open(tmp_path / "0.png")).transpose(2, 0, 1)
    middle = [np.array_equal(image, shown[:, :, 4:16]) for image in cropped.pixels.numpy()]
    assert sum(middle) == 1
    assert squashed.pixels.shape == cropped.pixels.shape
    assert not torch.equal(squashed.pixels, cropped.pixels)


def test_the_bar_is_for_terminals() -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        bar = Bar(stream)
        bar(5, 10)
        bar.end()
        assert ("50 %" in stream.getvalue()) == shown


def test_the_bar_reaches_the_end(own: Path) -> None:
    taken = images.take("embedded", count=11)
    seen: list[tuple[int, int]] = []
    measuring.measure(
        subject.find("probed_module:make", taken),
        [perturbed(taken.normalized())],
        advance=lambda done, total: seen.append((done, total)),
    )
    assert max(seen) == (9 * 11, 9 * 11)  # of the trained, shuffled and initial network, three sets


def test_what_is_not_defined_is_said(own: Path) -> None:
    taken = images.take("embedded", count=6)
    found = subject.find("probed_module:make", taken)
    with torch.no_grad():
        for parameter in found.trained.parameters():
            parameter.zero_()
    table = measuring.measure(found, [perturbed(taken.normalized())], only_trained=True)
    assert "R of the output is not defined" in report.summary(table, taken.title)
    assert report.draw(table, taken.title).data["mean"].isna().all()
