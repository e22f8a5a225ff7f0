"""Figure 4: error of a constant function on the sphere against training points, and atoms."""

from pandas import DataFrame, concat

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, log_axis, new_figure
from cnn_sensitivity.papers.petrini_2022.curves import (
    BANDS,
    LOOKS,
    SPHERE,
    dashed,
    legend,
    line,
    of_spheres,
    predicted,
    size_axes,
)
from cnn_sensitivity.papers.petrini_2022.rows import geometric_means, of_sphere
from cnn_sensitivity.papers.petrini_2022.theory import INFERRED, exponent


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sphere`."""
    rows = concat([of_sphere(tables["sphere"], regime) for regime in SPHERE])
    by = ["regime", "dimension", "train_points"]
    errors = geometric_means(rows, by, "test_error").assign(quantity="test_error")
    atoms = rows[rows["atoms"] > 0].assign(share=lambda each: each["atoms"] / each["train_points"])
    shares = geometric_means(atoms, by, "share").assign(quantity="atoms / n")
    dimensions = sorted(rows["dimension"].unique())
    figure = new_figure(DOUBLE, 4.6)
    panels = figure.subplots(2, len(dimensions), squeeze=False, height_ratios=(2, 1))
    for column, dimension in enumerate(dimensions):
        upper, lower = panels[:, column]
        letter(upper, "abcdef"[column], f"$d = {dimension:g}$")
        for regime in SPHERE:
            look = LOOKS[regime]
            of_errors, of_atoms = (
                each[(each["regime"] == regime) & (each["dimension"] == dimension)]
                for each in (errors, shares)
            )
            if len(of_errors):
                line(upper, of_errors, look, "train_points")
                if regime != "descent" and len(of_errors) > 1:
                    predicted(upper, of_errors, exponent(regime, int(dimension)), look)
            if len(of_atoms):
                line(lower, of_atoms, look, "train_points")
        size_axes(upper, "test error" if column == 0 else "")
        upper.set_xlabel("")
        lower.axhline(1, color=GREY, linestyle=":", linewidth=0.8)
        lower.set_xscale("log")
        lower.set_xlim(upper.get_xlim())
        log_axis(lower, "x")
        lower.set_ylim(0, max(2.2, 1.1 * shares["high"].max()))
        lower.set_xlabel("training points $n$")
        lower.set_ylabel("atoms / $n$" if column == 0 else "")
    present = {regime: name for regime, name in SPHERE.items() if regime in set(rows["regime"])}
    legend(figure, present, dashed("predicted slope (inferred)"))
    text = caption(
        "Above: mean squared error of predictors of the constant function 1 on the sphere in d"
        " dimensions, against the number n of training points. Below: atoms, groups of neurons of"
        " one sign pattern over the training points, per point.",
        "The feature predictor is the interpolation of least l1 norm over a dictionary of fixed"
        " random directions, solved exactly, which has at most n neurons by construction. The"
        " authors' gradient descent moves the directions; where it was run"
        " (few points, few sets) it stands beside, not run to its end: neurons that will merge"
        " are still apart, so that it has more atoms.",
        f"{INFERRED}: from a review's summary of its argument.",
        BANDS,
        of_spheres(rows),
    )
    return Drawing(figure, concat([errors, shares], ignore_index=True), text)
