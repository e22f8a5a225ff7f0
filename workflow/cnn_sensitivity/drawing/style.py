"""The look of all figures: sizes, fonts, and one colour and marker for each network."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from math import log10
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogFormatterMathtext, LogLocator, NullFormatter

SINGLE, DOUBLE = 3.4, 7.0
"""Widths of one and of two columns, in inches."""

INK, GREY, LIGHT = "#222222", "#777777", "#c4c4c4"
HALO = [withStroke(linewidth=3, foreground="white")]  # of text and lines across others
DIFFEO, NOISE, RELATIVE = "#0072B2", "#D55E00", "#222222"
"""Colours of D, G and R where these, and not networks, are compared."""

QUANTITY_COLOURS = {"D": DIFFEO, "G": NOISE, "R": RELATIVE}
QUANTITY_MARKERS = {"D": "s", "G": "^", "R": "o"}

STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # the font that matplotlib brings along
    "mathtext.fontset": "dejavusans",
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "axes.linewidth": 0.7,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "cnn-sensitivity",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "pdf.compression": 9,
}


@dataclass(frozen=True)
class Look:
    """Colour and marker of a network."""

    colour: str
    marker: str


# Families share a hue (Okabe and Ito's palette, safe for the colour-blind); members differ in
# lightness and marker.
_KNOWN = {
    "FullConnL2": Look("#b0b0b0", "v"),
    "FullConnL4": Look("#808080", "^"),
    "FullConnL6": Look("#4d4d4d", "<"),
    "LeNet": Look("#E69F00", "D"),
    "AlexNet": Look("#D55E00", "s"),
    "VGG11": Look("#56B4E9", "o"),
    "VGG11bn": Look("#0072B2", "p"),
    "VGG13bn": Look("#00508a", "h"),
    "VGG16bn": Look("#003560", "8"),
    "VGG19bn": Look("#1a1a4d", "X"),
    "ResNet18": Look("#E6A3C7", "P"),
    "ResNet34": Look("#CC79A7", "d"),
    "ResNet50": Look("#8a3d68", "*"),
    "ResNet20": Look("#bf9fdb", "o"),
    "ResNet32": Look("#9d73c4", "s"),
    "ResNet44": Look("#7a4aa8", "D"),
    "ResNet56": Look("#582b85", "^"),
    "ResNet110": Look("#35135c", "v"),
    "EfficientNetB0": Look("#009E73", ">"),
    "MaxPoolCNN": Look("#0072B2", "o"),
    "AveragePoolCNN": Look("#56B4E9", "s"),
    "SubsampleCNN": Look("#009E73", "^"),
    "StridedCNN": Look("#E69F00", "D"),
    "StridedReLUCNN": Look("#D55E00", "v"),
}
_FURTHER_COLOURS = ("#882255", "#999933", "#44AA99", "#AA4499", "#332288", "#CC6677", "#117733")
_FURTHER_MARKERS = ("o", "s", "D", "^", "v", "P", "X")
_FURTHER = [Look(colour, marker) for marker in _FURTHER_MARKERS for colour in _FURTHER_COLOURS]


def looks(networks: Iterable[str]) -> dict[str, Look]:
    """Return the look of each network, in the order in which legends list them.

    Networks of the paper always look the same; another one gets its look from its name, or the next
    free one where two of a figure would share it.
    """
    names = set(networks)
    result = {name: look for name, look in _KNOWN.items() if name in names}
    for name in sorted(names - set(result)):
        start = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big")
        order = [_FURTHER[(start + step) % len(_FURTHER)] for step in range(len(_FURTHER))]
        result[name] = next((look for look in order if look not in result.values()), order[0])
    return result


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches, laid out without overlaps."""
    return Figure(figsize=(width, height), layout="constrained")


def say(axes: Axes, text: str) -> None:
    """Write a sentence in place of a plot that has nothing to show."""
    axes.set_axis_off()
    axes.text(
        0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=GREY, wrap=True
    )


def letter(axes: Axes, text: str, title: str = "") -> None:
    """Put a panel's letter in bold, and its title, above its left edge."""
    axes.set_title(
        rf"$\mathbf{{{text}}}$   {title}" if title else rf"$\mathbf{{{text}}}$", loc="left"
    )


def note(axes: Axes, text: str, corner: str = "upper left") -> None:
    """Write a short text into a corner of a panel, on a ground that keeps it legible."""
    vertical, horizontal = corner.split()
    axes.text(
        0.04 if horizontal == "left" else 0.96,
        0.96 if vertical == "upper" else 0.04,
        text,
        ha=horizontal,
        va="top" if vertical == "upper" else "bottom",
        transform=axes.transAxes,
        fontsize=7.5,
        linespacing=1.3,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5},
        zorder=10,
    )


def log_axis(axes: Axes, *which: str) -> None:
    """Make axes ("x", "y") logarithmic, with enough labels when they span less than a decade."""
    for name in which:
        axis = axes.xaxis if name == "x" else axes.yaxis
        (axes.set_xscale if name == "x" else axes.set_yscale)("log")
        low, high = axes.get_xlim() if name == "x" else axes.get_ylim()
        decades = abs(_log10(high) - _log10(low))
        if decades >= 2.2:
            axis.set_major_locator(LogLocator(10, numticks=6))
            axis.set_major_formatter(LogFormatterMathtext())
        else:
            few, some, many = (1, 2, 5), (1, 2, 3, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)
            steps = few if decades > 0.75 else some if decades > 0.45 else many
            axis.set_major_locator(LogLocator(10, subs=steps, numticks=12))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _log10(value: float) -> float:
    return log10(value) if value > 0 else 0.0
