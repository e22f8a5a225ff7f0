"""Figure G.1: error of Gaussian random functions on the sphere, rough and smooth."""

from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, SINGLE, letter, new_figure
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
from cnn_sensitivity.papers.petrini_2022.rows import geometric_means
from cnn_sensitivity.papers.petrini_2022.theory import INFERRED, exponent


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sphere`: the rows of random targets."""
    rows = tables["sphere"].dropna(subset=["exponent"])
    by = ["regime", "dimension", "exponent", "train_points"]
    data = geometric_means(rows, by, "test_error")
    shown = data[["dimension", "exponent"]].drop_duplicates().to_numpy(dtype=float).tolist()
    figure = new_figure(min(SINGLE * len(shown), DOUBLE + 1), 3.1)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, name, (dimension, a) in zip(panels, "abcdef", sorted(shown), strict=False):
        letter(axes, name, rf"$d = {dimension:g}$, $\nu_t = {a + 0.5:g}$")
        of_sphere = data[(data["dimension"] == dimension) & (data["exponent"] == a)]
        for regime in SPHERE:
            curve = of_sphere[of_sphere["regime"] == regime]
            if curve.empty:
                continue
            line(axes, curve, LOOKS[regime], "train_points")
            if regime != "descent" and len(curve) > 1:
                slope = exponent(regime, int(dimension), a + 0.5)
                predicted(axes, curve, slope, LOOKS[regime])
        size_axes(axes, "relative test error")
    present = {regime: SPHERE[regime] for regime in SPHERE if regime in set(rows["regime"])}
    legend(figure, present, dashed("predicted slope (inferred)"))
    text = caption(
        "Mean squared error over the mean square of such targets, against the number of points,"
        " for Gaussian random functions of smoothness ν_t = a + 1/2 on the sphere.",
        "The exponents a are odd: even ones, as in the authors' commands, give polynomials.",
        f"{INFERRED}.",
        BANDS,
        of_spheres(rows),
    )
    return Drawing(figure, data, text)
