"""What each figure plots, says and leaves out, on small tables with known answers."""

import warnings
from functools import partial

import figure_tables as tables
import numpy as np
import pandas
import pytest
from pandas import DataFrame

from cnn_sensitivity import papers
from cnn_sensitivity.analysis.selection import block_outputs, curves, outputs
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.drawing import scatter
from cnn_sensitivity.drawing.drawn import save
from cnn_sensitivity.drawing.style import looks
from cnn_sensitivity.papers.tomasini_2022.tables.pooling import pooling_table


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _with_failures() -> DataFrame:
    """Four good networks, one run that diverged, two that did not learn, one flagged output."""
    failed = [
        *tables.run_rows("VGG16bn", diverged=True, learned=False, test_error=np.nan),
        *tables.run_rows("ResNet18", 0.9, seed=0, learned=False),
        *tables.run_rows("ResNet18", 0.9, seed=1, learned=False),
    ]
    flagged = DataFrame(tables.run_rows("ResNet34", 0.1))
    is_last = flagged["index"] == tables.LAYERS - 1
    flagged.loc[is_last, "flagged"] = True
    flagged.loc[is_last, ["D", "G", "R"]] = np.nan
    return pandas.concat([tables.sensitivity(), DataFrame(failed), flagged], ignore_index=True)


def _pretrained() -> DataFrame:
    rows = tables.spectrum()
    columns = ["network", "layer_index", "layer", "filter_size", "filters", "mode", "eigenvalue"]
    trained = rows[(rows["state"] == "trained") & (rows["seed"] == 0)][[*columns, "gamma"]]
    missing = DataFrame([{"network": "resnet18", "reason": "no ImageNet weights: get them"}])
    return pandas.concat([trained.replace("VGG11", "vgg11"), missing], ignore_index=True)


def _twins() -> DataFrame:
    relu = [row for seed in (0, 1) for row in tables.run_rows("VGG11", 0.01, seed)]
    tanh = [
        {**row, "network": "VGG11_tanh", "activation": "tanh", "G": row["G"] * 0.1} for row in relu
    ]
    return DataFrame(relu + tanh)


PAPER = "tomasini_2022"
FIGURES = tuple(papers.paper(PAPER).figures)
draw = partial(papers.draw, PAPER)

INPUTS = {
    "figure_01": lambda: {
        "sensitivity": tables.sensitivity((0.0, 1.0)),
        "pictures": tables.pictures((0.0, 1.0)),
    },
    "figure_02": lambda: {"pooling": pooling_table()},
    "figure_03": lambda: {"sensitivity": _with_failures()},
    "figure_04": lambda: {"spectrum": tables.spectrum()},
    "figure_05": dict,
    "figure_06": lambda: {"activations": tables.activations()},
    "figure_07": lambda: {"sensitivity": tables.task_1d()},
    "figure_08": lambda: {"sensitivity": tables.task_2d()},
    "figure_09": lambda: {"sensitivity": tables.task_2d(("VGG11", "VGG11bn", "VGG13bn"))},
    "figure_10": lambda: {"sensitivity": tables.sensitivity((0.0, 1.0))},
    "figure_11": lambda: {"sensitivity": tables.sensitivity()},
    "figure_12": lambda: {"spectrum": tables.spectrum()},
    "figure_13": lambda: {"pretrained": _pretrained()},
    "figure_14": lambda: {"spectrum": tables.spectrum().assign(experiment="scale_detection_2d")},
    "figure_tanh": lambda: {"sensitivity": _twins()},
    "figure_receptive_field": lambda: {
        "sensitivity": tables.task_1d(),
        "receptive_field": tables.receptive_field(),
    },
}


@pytest.fixture(scope="module")
def drawings():
    return {name: draw(name, INPUTS[name]()) for name in FIGURES}


def test_figure_01_compares_medians_with_medians_where_the_run_has_them():
    inputs = INPUTS["figure_01"]()
    half = inputs["sensitivity"].query("noise == 0").assign(R=lambda table: table["R"] / 2)
    drawing = draw("figure_01", {**inputs, "medians": half})
    centre = drawing.data[drawing.data["panel"] == "centre"]
    np.testing.assert_allclose(centre["R"], centre["test_error"] ** 2.5 / 2)
    assert "R_f of the output by medians," in drawing.caption
    assert "by means (means: the crosses are medians" in draw("figure_01", inputs).caption


def _texts(drawing) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in drawing.figure.findobj(Text))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_written_with_its_data_and_caption(name, drawings, tmp_path):
    drawing = drawings[name]
    save(drawing, tmp_path / name)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == [f"{name}.{suffix}" for suffix in ("csv", "pdf", "png", "svg", "txt")]
    assert (tmp_path / f"{name}.png").stat().st_size > 5000
    assert len(pandas.read_csv(tmp_path / f"{name}.csv")) == len(drawing.data) > 0
    assert (tmp_path / f"{name}.txt").read_text() == drawing.caption + "\n"
    assert drawing.caption.endswith(".") and "nan" not in drawing.caption
    numbers = drawing.data.select_dtypes("number")
    assert not np.isinf(numbers.to_numpy(dtype=float)).any()


def test_the_same_tables_give_the_same_bytes(tmp_path):
    for folder in ("one", "two"):
        save(draw("figure_03", INPUTS["figure_03"]()), tmp_path / folder / "f")
    for suffix in ("pdf", "svg", "png", "csv", "txt"):
        first, second = (tmp_path / folder / f"f.{suffix}" for folder in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()


def test_an_unknown_figure_is_refused():
    with pytest.raises(UserError, match="figure_15"):
        draw("figure_15", {})


def test_figure_01_plots_outputs_and_correlations(drawings):
    data = drawings["figure_01"].data
    centre = data[data["panel"] == "centre"]
    assert len(centre) == 8 and (centre["noise"] == 0).all()
    np.testing.assert_allclose(centre["R"], centre["test_error"] ** 2.5)
    assert (data["panel"] == "centre, published").sum() == 13
    right = data[data["panel"] == "right"].set_index(["noise", "quantity"])
    for noise in (0.0, 1.0):
        values = [right.loc[(noise, name), "rho"] for name in "DGR"]
        np.testing.assert_allclose(values, [1, -1, 1])
    assert "slope 0.40, prefactor 1.00" in _texts(drawings["figure_01"])
    assert "slope 0.45 and prefactor 0.24" in drawings["figure_01"].caption
    assert "4 networks (one point a network and seed)" in drawings["figure_01"].caption


def test_depth_curves_plot_activations_and_the_output_over_seeds(drawings):
    data = drawings["figure_03"].data
    line = data.query("network == 'VGG11' and state == 'trained' and wiring == 'original'")
    assert list(line["index"]) == [1, 2, 3]
    ends = np.array([0.05**2.5, 0.055**2.5])
    expected = [(ends ** (i / 3)).mean() for i in (1, 2, 3)]
    np.testing.assert_allclose(line["mean"], expected)
    np.testing.assert_allclose(line["low"], [ends[0] ** (i / 3) for i in (1, 2, 3)])
    np.testing.assert_allclose(line["high"], [ends[1] ** (i / 3) for i in (1, 2, 3)])
    assert set(data["wiring"]) == {"original", "shuffled"}
    both = drawings["figure_11"].data
    assert set(both["quantity"]) == {"D", "G", "R"} and set(both["state"]) == {"trained"}


def test_what_is_left_out_is_counted_in_the_caption(drawings):
    caption = drawings["figure_03"].caption
    assert "1 run that diverged, 2 runs that did not learn" in caption
    assert "4 layers whose representation is constant or not finite" in caption
    assert not {"VGG16bn", "ResNet18"} & set(drawings["figure_03"].data["network"])
    assert not drawings["figure_03"].data["mean"].isna().any()
    assert "Left out" not in drawings["figure_11"].caption


def test_captions_say_data_scale_networks_and_seeds(drawings):
    caption = drawings["figure_11"].caption
    for words in ("Toy images, 1,000 training images", "3 epochs", "0.5", "2 seeds (0-1)"):
        assert words in caption
    assert "Networks: LeNet, AlexNet, VGG11 and VGG11bn." in caption


def test_spectra_are_averaged_within_eigenspaces(drawings):
    data = drawings["figure_04"].data
    layer = data.query("network == 'VGG11' and state == 'trained' and layer_index == 1")
    assert list(layer["modes"]) == [1, 2, 1, 2, 2, 1]
    assert list(layer["mode"]) == [1, 2.5, 4, 5.5, 7.5, 9]
    np.testing.assert_allclose(layer["weight"], [0.4, *[0.075] * 5])
    assert (layer["weight"] * layer["modes"]).sum() == pytest.approx(1)
    assert (layer["depth"] == 1).all()


def test_figure_07_fits_within_the_scale_only(drawings):
    data, words = drawings["figure_07"].data, _texts(drawings["figure_07"])
    inside = data[data["quantity"] == "D"].groupby("network")["fitted"].sum()
    assert dict(inside) == {"plain": 7, "strided": 4}
    assert "no stride: fit -2.00, theory -2" in words
    assert "stride 2: fit -1.00, theory -1" in words
    assert words.count("fit 1.00, theory 1") == 2


def test_the_figure_of_receptive_fields_fits_against_what_was_measured(drawings):
    data = drawings["figure_receptive_field"].data
    widths = data[data["quantity"] == "A"]
    np.testing.assert_allclose(widths["mean"], 2 * widths["formula_A"])
    assert "no stride: fit -2.00, theory -2" in _texts(drawings["figure_receptive_field"])
    fields = tables.receptive_field().assign(measured_A=lambda table: table["measured_A"] ** 2)
    squared = draw(
        "figure_receptive_field", {"sensitivity": tables.task_1d(), "receptive_field": fields}
    )
    assert "no stride: fit -1.00, theory -2" in _texts(squared)
    assert _texts(squared).count("fit 0.50, theory 1") == 2
    law = squared.data[squared.data["quantity"] == "G"]
    assert dict(law.groupby("network")["fitted"].sum()) == {"plain": 7, "strided": 4}


def test_figure_08_and_10_plot_the_outputs(drawings):
    for name in ("figure_08", "figure_10"):
        data = drawings[name].data
        assert len(data) == 16
        np.testing.assert_allclose(data["D"], data["test_error"] ** 2)
        assert "ρ" in _texts(drawings[name])
    assert set(drawings["figure_08"].data["train_size"]) == {100, 200}
    assert set(drawings["figure_09"].data["network"]) == {"VGG11", "VGG11bn", "VGG13bn"}
    assert "200 training images" in drawings["figure_09"].caption


def test_each_training_size_has_a_marker_of_its_own():
    rows = DataFrame({"train_size": [2048, 512, 1024, 512]})
    handles = scatter.size_handles(rows)
    assert [each.get_label() for each in handles] == ["P = 512", "P = 1,024", "P = 2,048"]
    looks_of = {(each.get_markersize(), each.get_markerfacecolor()) for each in handles}
    assert len(looks_of) == 3


def test_figure_02_says_how_much_nearer_pooling_brings_the_shifted_input(drawings):
    # Pooled: four quarters against two, which agree in two: |difference|^2 = 2/16.
    expected = (2 / 16) / ((4 / 16 + 2 / 16) / 2)
    assert f"falls from 2 to {expected:.2g}" in drawings["figure_02"].caption


def test_figure_06_plots_the_activations_as_they_are(drawings):
    pandas.testing.assert_frame_equal(drawings["figure_06"].data, tables.activations())


def test_figure_13_names_what_was_skipped(drawings):
    assert set(drawings["figure_13"].data["network"]) == {"vgg11", "LeNet"}
    assert "resnet18 was skipped: no ImageNet weights: get them." in drawings["figure_13"].caption
    nothing = draw("figure_13", {"pretrained": _pretrained().tail(1)})
    assert nothing.data.empty and "skipped" in _texts(nothing).lower()


def test_figure_tanh_pairs_twins(drawings):
    data = drawings["figure_tanh"].data
    last = data[data["depth"] == 1].set_index("activation")["mean"]
    assert last["relu"] == pytest.approx(0.01**-0.5)
    assert last["tanh"] == pytest.approx(0.1 * 0.01**-0.5)
    assert "VGG11 (images)" in drawings["figure_tanh"].caption


SMALL = [name for name in FIGURES if "sensitivity" in INPUTS[name]()]


@pytest.mark.parametrize("name", SMALL)
def test_one_network_and_one_seed_still_draw(name, tmp_path):
    inputs = INPUTS[name]()
    table = inputs["sensitivity"]
    chosen = "plain" if name in ("figure_07", "figure_receptive_field") else "VGG11"
    one = table[(table["network"] == chosen) & (table["seed"] == 0) & (table["noise"] == 0)]
    drawing = draw(name, {**inputs, "sensitivity": one})
    drawing.figure.savefig(tmp_path / "one.png", dpi=40)
    if name in ("figure_01", "figure_08", "figure_10"):
        assert "not defined" in _texts(drawing)


@pytest.mark.parametrize("name", SMALL)
def test_nothing_learned_is_said(name, tmp_path):
    inputs = INPUTS[name]()
    failed = inputs["sensitivity"].assign(learned=False)
    drawing = draw(name, {**inputs, "sensitivity": failed})
    drawing.figure.savefig(tmp_path / "none.png", dpi=40)
    assert "did not learn" in drawing.caption


def test_outputs_without_a_logarithm_are_left_out_and_counted():
    rows = [
        *tables.run_rows("VGG11", 0.1),
        *tables.run_rows("LeNet", 0.0, r_last=1.0, G=1.0, D=1.0),
        *tables.run_rows("AlexNet", 0.1, D=0.0, R=0.0),
    ]
    selection = outputs(DataFrame(rows))
    assert list(selection.rows["network"]) == ["VGG11"]
    assert sorted(selection.left_out.values()) == [1, 1]


def test_layers_without_filters_are_left_out_and_counted():
    table = tables.spectrum()
    zero = (table["network"] == "LeNet") & (table["layer_index"] == 1) & (table["seed"] == 0)
    table.loc[zero & (table["state"] == "initial"), "gamma"] = 0.0
    drawing = draw("figure_04", {"spectrum": table})
    assert np.isfinite(drawing.data["weight"]).all()
    assert "1 layer whose filters are all zero" in drawing.caption
    assert len(drawing.data) == len(draw("figure_04", {"spectrum": tables.spectrum()}).data)


def test_truth_values_may_be_text():
    rows = DataFrame(tables.run_rows("VGG11")).astype({"learned": str, "flagged": str})
    assert len(curves(rows).rows) == 12
    assert curves(rows.assign(learned="False")).rows.empty


def test_gates_inside_a_block_are_not_points_of_a_curve():
    rows = DataFrame(tables.run_rows("EfficientNetB0"))
    names = {1: "block.1.activation", 2: "block.1.scale_activation"}
    rows["layer"] = [names.get(index, "x") for index in rows["index"]]
    assert set(block_outputs(rows)["index"]) == {3}


def test_networks_look_the_same_in_every_figure_and_unlike_each_other():
    known = looks(["VGG11", "LeNet"])
    assert looks(["LeNet", "Mine", "VGG11"])["VGG11"] == known["VGG11"]
    many = looks([f"user{number}" for number in range(30)] + ["VGG11"])
    assert len(set(many.values())) == 31
    assert looks(["Mine"]) == looks(["Mine"])
