"""Measure networks that others trained on CIFAR-10 with `probe`: a table and a picture of them all.

Reads a folder with networks.json, a list of records (name, builder, arguments, mean, std, licence,
source_repository, parameters, measured_error_percent; maybe mean_image, a file of that folder), and
a safetensors file of each; and a Python file whose `build(record)` returns a network with fresh
weights. 24 networks of up to a million parameters take 10 minutes. From the repository's root:

    PYTHONPATH=workflow python scripts/measure_published_networks.py --networks FOLDER \\
        --builders FILE.py --data-root data --output docs/published_networks
"""

import argparse
import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import torch
from matplotlib.axes import Axes
from pandas import DataFrame, Series, concat, read_csv
from safetensors.torch import load_file
from torch import Tensor, nn

from cnn_sensitivity.analysis.theory import fit_power_law
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing, save
from cnn_sensitivity.drawing.style import GREY, INK, STYLE, letter, log_axis, new_figure, note
from cnn_sensitivity.measures.spectrum import filter_spectrum
from cnn_sensitivity.networks import state_dicts
from cnn_sensitivity.probe import measuring
from cnn_sensitivity.probe.images import Images, take
from cnn_sensitivity.probe.perturbing import perturbed
from cnn_sensitivity.probe.report import PREFACTOR
from cnn_sensitivity.probe.subject import Subject

QUANTITIES = ("D", "G", "R")
COLOURS = {
    "resnet": "#8a3d68",
    "simpnet": "#0072B2",
    "squeezenet": "#E69F00",
    "verification": GREY,
}
LABELS = {
    "resnet": "ResNets",
    "simpnet": "plain networks of 8 to 13 layers",
    "squeezenet": "SqueezeNets",
    "verification": "adversarially trained",
}
OWN = Path("paper_figures/reference/cifar_cpu/figure_01.csv")
"""Networks trained here, by medians: fully connected ones have the errors that the others lack."""


@dataclass(frozen=True)
class WithoutMeanImage(Images):
    """Images from which a mean image [C, n, n], of pixel/255, is subtracted."""

    mean_image: Tensor

    def normalized(self) -> Tensor:
        """Return (pixel/255 - mean image)/std, float32 [P, C, n, n]."""
        std = torch.tensor(self.std)[:, None, None]
        return (self.pixels / 255 - self.mean_image) / std


def main() -> None:
    """Measure, and write `output`.csv, .png and .txt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--builders", type=Path, required=True, metavar="FILE")
    parser.add_argument("--data-root", default="data", metavar="FOLDER")
    parser.add_argument("--output", type=Path, required=True, metavar="STEM")
    parser.add_argument("--count", type=int, default=500, help="test images")
    parser.add_argument("--redraw", action="store_true", help="from the table that is there")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    path = arguments.output.with_name(f"{arguments.output.name}.csv")
    if arguments.redraw:
        table = read_csv(path)
    else:
        records = json.loads((arguments.networks / "networks.json").read_text())
        build = builder(arguments.builders)
        images = take("cifar10", count=arguments.count, data_root=arguments.data_root)
        rows = []
        for record in records:
            rows.append(row(record, arguments.networks, build, images))
            print(json.dumps(rows[-1]), flush=True)
        table = DataFrame(rows).sort_values("test_error").reset_index(drop=True)
    own = read_csv(OWN).query("panel == 'centre'")
    with matplotlib.rc_context(STYLE):
        save(drawing(table, own, arguments.count), arguments.output)


def builder(file: Path) -> Callable[[dict], nn.Module]:
    """Return the `build` of a Python file."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build


def row(
    record: dict[str, Any], folder: Path, build: Callable[[dict], nn.Module], images: Images
) -> dict[str, Any]:
    """Return what is known and what is measured of one network."""
    file = folder / f"{record['name']}.safetensors"
    network = build(record)
    state_dicts.load(network, state_dicts.read(file), str(file))
    images = Images(
        images.title, images.pixels, tuple(record["mean"]), tuple(record["std"]), images.classes
    )
    if "mean_image" in record:
        (mean_image,) = load_file(folder / record["mean_image"]).values()
        images = WithoutMeanImage(**vars(images), mean_image=mean_image)
    subject = Subject(record["name"], network.eval(), images, partial(fresh, build, record))
    table = measuring.measure(subject, [perturbed(images.normalized())])
    trained = rows_of(table, "trained", "original")
    medians = table[(table["average"] == "median") & (table["state"] == "trained")].iloc[-1]
    shuffled = rows_of(table, "trained", "shuffled").iloc[-1]
    initial = rows_of(table, "initial", "original").iloc[-1]
    low, layers = low_pass(network)
    return {
        "network": record["name"],
        "family": family(record),
        "source": record["source_repository"],
        "licence": record["licence"],
        "parameters": record["parameters"],
        "test_error": round(record["measured_error_percent"] / 100, 6),
        "images": len(images.pixels),
        **values(trained.iloc[-1], ""),
        **values(medians, "_median"),
        "R_first": float(trained.iloc[0]["R"]),
        "R_first_error": float(trained.iloc[0]["R_error"]),
        "R_shuffled": float(shuffled["R"]),
        "R_shuffled_error": float(shuffled["R_error"]),
        "R_initial": float(initial["R"]),
        "R_initial_error": float(initial["R_error"]),
        "R_falls": spearman_with_depth(trained),
        "low_pass_layers": low,
        "filter_layers": layers,
    }


def rows_of(table: DataFrame, state: str, wiring: str) -> DataFrame:
    """Return the layers of one network, means over images, in their order."""
    means = table[table["average"] == "mean"]
    rows = means[(means["state"] == state) & (means["wiring"] == wiring)]
    return rows.sort_values("index")


def values(output: Series, suffix: str) -> dict[str, float]:
    """Return D, G and R of a row with their standard errors."""
    return {
        f"{name}{suffix}{end}": float(output[f"{name}{end}"])
        for name in QUANTITIES
        for end in ("", "_error")
    }


def spearman_with_depth(rows: DataFrame) -> float:
    """Return Spearman's correlation of R with the layer."""
    return float(rows["index"].rank().corr(rows["R"].rank()))


def fresh(build: Callable[[dict], nn.Module], record: dict) -> nn.Module:
    """Return a network with initial weights, the same in each call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(record)


def low_pass(network: nn.Module) -> tuple[int, int]:
    """Return in how many layers the constant mode has more than 1.5/F^2 of the weight, of all."""
    banks = [
        module.weight.detach()
        for module in network.modules()
        if isinstance(module, nn.Conv2d) and module.kernel_size[0] > 1
    ]
    spectra = [filter_spectrum(bank.numpy()) for bank in banks]
    low = [gamma[0] / gamma.sum() > 1.5 / len(gamma) for gamma in spectra]
    return sum(map(int, low)), len(low)


def family(record: dict[str, Any]) -> str:
    """Return what the picture tells networks apart by."""
    name = record["builder"]
    known = {"plain": "simpnet", "squeezenet": "squeezenet", "verification_resnet": "verification"}
    return known.get(name, "resnet")


def drawing(table: DataFrame, own: DataFrame, count: int) -> Drawing:
    """Return error against R, by means and by medians, and R within each network.

    `own` has test_error and R, by medians, of networks trained here.
    """
    figure = new_figure(7.0, 3.3)
    panels = figure.subplots(1, 3, gridspec_kw={"width_ratios": [1, 1, 1.25]})
    standard = table[table["family"] != "verification"]
    (ours,) = panels[1].plot(
        own["R"],
        own["test_error"],
        linestyle="none",
        marker="s",
        markersize=3.6,
        color=INK,
        markerfacecolor="none",
        label="trained here: the run cifar_cpu",
    )
    for axes, name, text in zip(panels, ("R", "R_median"), ("means", "medians"), strict=False):
        scattered(axes, table, name)
        axes.set_xlabel(f"$R_f$ by {text} over images")
    say_fit(panels[0], standard)
    both = concat([standard.assign(R=standard["R_median"]), own])
    say_fit(panels[1], both)
    letter(panels[0], "a")
    letter(panels[1], "b")
    panels[0].set_ylabel("test error")
    ends = [both["R"].min(), both["R"].max()]
    panels[1].plot(ends, [PREFACTOR * end**0.5 for end in ends], color=GREY, linestyle="--")
    within(panels[2], table)
    letter(panels[2], "c")
    handles = [
        panels[0].plot([], [], linestyle="none", marker="o", color=colour, label=LABELS[name])[0]
        for name, colour in COLOURS.items()
        if (table["family"] == name).any()
    ]
    figure.legend(handles=[*handles, ours], loc="outside lower center", ncols=3)
    return Drawing(
        figure,
        table,
        caption(
            f"{len(table)} networks that others trained on CIFAR-10, on {count} test images:"
            " (a) test error against R_f, means over images, and (b) by medians, beside"
            f" {len(own)} networks trained here (squares), with the line {PREFACTOR} sqrt(R_f) of"
            " Petrini et al. 2021 (dashed); bars are two standard errors. Correlation and power law"
            f" (error = prefactor R^slope) are of the logarithms, of the {len(standard)} networks"
            " that were trained on images as they are, and in (b) of ours too. (c) R of each"
            " network, by rising test error: of the first layer, of the output, of the output with"
            " shuffled channels, and of the output at initialisation.",
        ),
    )


def scattered(axes: Axes, table: DataFrame, name: str) -> None:
    """Draw test error against a quantity, a point a network."""
    for _, each in table.iterrows():
        axes.errorbar(
            each[name],
            each["test_error"],
            xerr=2 * each[f"{name}_error"],
            color=COLOURS[each["family"]],
            marker="o",
            markersize=4,
            linewidth=0.8,
        )
    log_axis(axes, "x", "y")
    axes.margins(y=0.16)  # room for two lines of text


def say_fit(axes: Axes, rows: DataFrame) -> None:
    """Write correlation and power law of test error against R into the panel."""
    law = fit_power_law(rows["R"], rows["test_error"])
    note(
        axes,
        rf"$\rho$ = {law.r:.2f}, slope {law.exponent:.2f}," f"\nprefactor {law.prefactor:.2f}",
    )


def within(axes: Axes, table: DataFrame) -> None:
    """Draw R of the layers and variants of each network."""
    marks = {
        "R_initial": ("output, initialised", "x", GREY),
        "R_first": ("first layer", "^", "#D55E00"),
        "R_shuffled": ("output, shuffled", "D", "#56B4E9"),
        "R": ("output", "o", INK),
    }
    for name, (label, marker, colour) in marks.items():
        axes.plot(
            range(1, len(table) + 1),
            table[name],
            linestyle="none",
            marker=marker,
            markersize=3.6,
            color=colour,
            label=label,
        )
    log_axis(axes, "y")
    axes.set_xlabel("network, by rising test error")
    axes.set_ylabel("R")
    axes.legend(loc="lower right", fontsize=6.5)


if __name__ == "__main__":
    main()
