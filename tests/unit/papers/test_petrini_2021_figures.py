"""P21's figures: the numbers that they plot and what they say."""

import matplotlib
import pandas
import pytest
import training_cases as cases

from cnn_sensitivity.drawing.drawn import Drawing, save
from cnn_sensitivity.drawing.style import STYLE
from cnn_sensitivity.papers.petrini_2021.figures import figure_01, figure_02
from cnn_sensitivity.tables.overhangs import overhang_table
from cnn_sensitivity.tables.phase_diagram import bounds_table, example_table, sphere_table


def drawn(module, tables: dict[str, pandas.DataFrame]) -> Drawing:
    with matplotlib.rc_context(STYLE):
        return module.draw(tables)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_phase_diagram_plots_its_tables(tmp_path, channels):
    bounds, overhangs = bounds_table(16), overhang_table(16, (3, 5), fields=50)
    examples = example_table(cases.images(size=16, channels=channels), root_seed=0)
    tables = {"phase_diagram": bounds, "deformed_examples": examples, "overhangs": overhangs}
    drawing = drawn(figure_01, tables)
    panels = drawing.data["panel"].value_counts()
    assert panels.to_dict() == {"a": len(bounds), "a, images": 7, "b": len(overhangs)}
    axes = drawing.figure.axes[1]
    solid = [
        line for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 2
    ]
    for line, (_, rows) in zip(solid, overhangs.groupby("cutoff"), strict=True):
        assert line.get_ydata().tolist() == rows["share"].tolist()
    at_bound = overhangs[overhangs["relative_temperature"] == 1]["share"].tolist()
    assert f"{100 * at_bound[0]:.1f} % (c = 3)" in drawing.caption
    assert "16 pixels a side" in drawing.caption
    save(drawing, tmp_path / "figure")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.parametrize("channels", [1, 3])
def test_the_sphere_says_how_far_its_images_are(tmp_path, channels):
    table = sphere_table(cases.images(size=16, channels=channels), root_seed=0)
    drawing = drawn(figure_02, {"sphere": table})
    distances = drawing.data.set_index("picture")["distance"]
    assert distances["original"] == 0
    assert distances["noisy-1"] == pytest.approx(distances["deformed-0"], rel=1e-5)
    assert f"r = {distances['deformed-0']:.2g} " in drawing.caption
    save(drawing, tmp_path / "figure")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_the_sketched_curve_lies_on_the_sphere_and_touches_its_outline():
    radius = (figure_02.circle_of_deformations(3601) ** 2).sum(axis=1) ** 0.5
    assert radius.max() == pytest.approx(1)
    assert radius.min() == pytest.approx(figure_02.FLAT)
