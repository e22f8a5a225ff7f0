"""The values of a configuration: what is refused, and in which words."""

import pytest
from config_cases import changed, elsewhere

from cnn_sensitivity import config
from cnn_sensitivity.base.errors import UserError

SMALL = {"size": 15, "scale": 7, "train_sizes": [8], "test_size": 600, "seeds": [0]}
SMALL |= {"recipe": "scale_detection", "networks": ["LeNet"]}


@pytest.mark.parametrize(
    ("location", "value", "says"),
    [
        ("run", "two words", "run: "),
        ("run", "../up", "run: "),
        ("run", "$(rm x)", "run: "),
        ("run", "line\nbreak", "run: "),
        ("run", "", "run: "),
        ("run", None, "run: "),
        ("seed", -1, "seed: "),
        ("seed", 0.5, "seed: "),
        ("seed", True, "seed: must be a number, not true"),
        ("experiments.images.seeds", [False], "seeds.0: must be a number, not false"),
        ("recipes.convolutional.learning_rate", True, "must be a number"),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "override": {"epochs": True}},
            "epochs",
        ),
        ("sede", 0, "did you mean 'seed'?"),
        ("device", "tpu", "device: "),
        ("data_root", "a\x00b", "data_root: "),
        ("recipes.convolutional.epoch", 3, "did you mean 'epochs'?"),
        ("recipes.convolutional.epochs", 0, "recipes.convolutional.epochs: "),
        ("recipes.convolutional.epochs", "many", "recipes.convolutional.epochs: "),
        ("recipes.convolutional.learning_rate", float("nan"), "learning_rate: "),
        ("recipes.convolutional.learning_rate", float("inf"), "learning_rate: "),
        ("recipes.convolutional.learning_rate", 0, "greater than 0"),
        ("recipes.convolutional.momentum", 1, "less than 1"),
        ("recipes.convolutional.weight_decay", -1, "weight_decay: "),
        ("recipes.convolutional.optimizer", "sgdd", "'sgd'"),
        ("recipes.convolutional.schedule", "step", "'cosine'"),
        ("recipes.convolutional.loss", "mse", "'hinge'"),
        ("recipes.convolutional.flip", "maybe", "flip: "),
        ("recipes.convolutional.fitted_factor", 0.5, "fitted_factor: "),
        ("recipes.convolutional.cosine_fraction", 1.5, "cosine_fraction: "),
        ("recipes.convolutional.crop_padding", 40, "crop_padding: "),
        ("experiments.image", {}, "did you mean 'images'?"),
        ("experiments.images.recipe", "convolutionel", "did you mean 'convolutional'?"),
        ("experiments.images.seeds", [], "seeds: "),
        ("experiments.images.seeds", [1, 1], "1 is given twice"),
        ("experiments.images.seeds", [-1], "seeds.0: "),
        ("experiments.images.noise", [-1], "noise.0: "),
        ("experiments.images.noise", [0, 0.0], "given twice"),
        ("experiments.images.noise", [], "noise: "),
        ("experiments.images.networks", [], "networks: "),
        ("experiments.images.networks.3", "LeNett", "did you mean 'LeNet'?"),
        ("experiments.images.networks.3", {"name": "os.system"}, "unknown network"),
        ("experiments.images.networks.3", {"name": "a b:c"}, "unknown network"),
        ("experiments.images.networks.3", {"name": "LeNet", "widht": 1}, "did you mean 'width'?"),
        ("experiments.images.networks.3", {"name": "LeNet", "width": 0}, "width: "),
        ("experiments.images.networks.3", {"name": "LeNet", "label": "a/b"}, "label: "),
        ("experiments.images.networks.3", {"name": "LeNet", "label": "VGG11"}, "given twice"),
        ("experiments.images.networks.3", {"name": "LeNet", "activation": "gelu"}, "activation: "),
        ("experiments.images.networks.3", {"name": "LeNet", "seeds": [2, 2]}, "given twice"),
        ("experiments.images.networks.3", {"name": "LeNet", "seeds": []}, "seeds: "),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "override": {"epoch": 3}},
            "networks.LeNet.override.epoch: unknown key",
        ),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "override": {"epochs": -3}},
            "networks.LeNet.override.epochs: ",
        ),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "override": {"epochs": 5, "keep_epochs": [6]}},
            "networks.LeNet.override.keep_epochs: there is no epoch 6",
        ),
        ("experiments.images.source", {"name": "mnist"}, "source.name: "),
        ("experiments.images.source", {"name": "image_folder"}, "needs root"),
        ("experiments.images.source", {"name": "embedded", "train_size": 9999}, "5000"),
        ("experiments.images.source", {"name": "embedded", "train_size": 0}, "train_size: "),
        ("experiments.scale_detection_2d.scale", 60, "must lie between"),
        ("experiments.scale_detection_2d.train_sizes", [8, 8], "given twice"),
        ("experiments.scale_detection_2d.train_sizes", [10**6], "pairs"),
        ("experiments.scale_detection_1d_task2.scale", 33, "does not divide"),
        ("experiments.scale_detection_1d_task2.scale", 256, "no pair is far"),
        ("experiments.scale_detection_1d_task2.gap", 2, "gap: unknown key"),
        ("experiments.scale_detection_1d_task2.train_size", 20000, "pairs"),
        ("measurements.sensitivity.images", 1, "measurements.sensitivity.images: "),
        ("measurements.sensitivity.images", 4000, "has 2000 test images"),
        ("measurements.sensitivity.average", "mode", "'mean' or 'median'"),
        ("measurements.sensitivity.avrage", "mean", "avrage: unknown key; did you mean 'average'?"),
        ("measurements.filters", {}, "filters is measured without being listed"),
        (
            "measurements.sensitivity.perturbation",
            {"displacement": 1},
            "perturbation: needs a kind",
        ),
        (
            "measurements.sensitivity.perturbation",
            {"kind": "difeomorphism"},
            "perturbation.kind: unknown kind 'difeomorphism'; did you mean 'diffeomorphism'?",
        ),
        (
            "measurements.sensitivity.perturbation",
            {"kind": "diffeomorphism", "cutof": 3},
            "measurements.sensitivity.perturbation.cutof: unknown key; did you mean 'cutoff'?",
        ),
        (
            "measurements.sensitivity.perturbation",
            {"kind": "diffeomorphism", "cutoff": 1},
            "measurements.sensitivity.perturbation.cutoff: ",
        ),
        (
            "measurements.sensitivity.perturbation",
            {"kind": "diffeomorphism", "displacement": -1},
            "measurements.sensitivity.perturbation.displacement: ",
        ),
        (
            "measurements.sensitivity.perturbation",
            {"kind": "pixel_moves"},
            "of experiments.images: pixel_moves is for scale detection",
        ),
        (
            "measurements.sensitivity.perturbation",
            {"kind": "uninformative_steps"},
            "of experiments.images: uninformative_steps is for points",
        ),
        ("experiments.images.measurements", ["sensitivty"], "did you mean 'sensitivity'?"),
        ("experiments.images.measurements", [], "measurements: "),
        (
            "experiments.images.networks",
            [{"name": "LeNet", "measurements": ["medina"]}],
            "networks.LeNet.measurements: unknown measurement 'medina'; did you mean 'median'?",
        ),
        ("experiments.images.train_sizes", [100, 5001], "there are 5000 training images"),
        ("experiments.images.train_sizes", [], "train_sizes: "),
        ("experiments.images.kind", "image", "kind: unknown kind 'image'; did you mean 'images'?"),
        ("experiments.my task", {}, "experiments.my task"),
        (
            "experiments.mine",
            {"noise": [0]},
            "experiments.mine: needs a kind; known: cylinder, images",
        ),
        (
            "experiments.images.networks.3",
            "SimpleCNN1D",
            "networks.SimpleCNN1D: SimpleCNN1D takes lines of pixels, and those here are images",
        ),
        ("experiments.scale_detection_2d.networks.0", "SimpleCNN1D", "SimpleCNN1D takes lines"),
        (
            "experiments.scale_detection_1d_task1.networks.0",
            "LeNet",
            "networks.LeNet: LeNet takes images of pixels, and those here are lines",
        ),
        (
            "experiments.scale_detection_1d_task2.networks.0",
            "FullConnL2",
            "FullConnL2 takes images",
        ),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "options": {"depth": 3}},
            "network LeNet has no option 'depth'; it takes none",
        ),
        (
            "experiments.images.networks.3",
            {"name": "ResNet20", "options": {"shortcut": "padding"}},
            "option shortcut of ResNet20 must be pad or projection, not 'padding'",
        ),
        (
            "experiments.images.networks.3",
            {"name": "ResNet20", "options": {"shortcut": True}},
            "networks.3.options.shortcut: must be a whole number, at least 1, or a word, not True",
        ),
        (
            "experiments.images.networks.3",
            {"name": "ResNet20", "options": {"shortcut": "two words"}},
            "or a word, not 'two words'",
        ),
        (
            "experiments.scale_detection_1d_task2.networks.0.options",
            {"channels": "many"},
            "option channels must be a whole number, not 'many'",
        ),
        (
            "experiments.scale_detection_1d_task2.networks.0.options",
            {"blocks": 0},
            "options.blocks: must be a whole number, at least 1",
        ),
        (
            "experiments.images.networks.3",
            {"name": "ResNet20", "mean": [0.5]},
            "networks.3: mean and std: give both",
        ),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "mean": [0.5] * 2, "std": [1, 1]},
            "mean",
        ),
        ("experiments.images.networks.3", {"name": "LeNet", "mean": [-1], "std": [1]}, "mean.0: "),
        ("experiments.images.networks.3", {"name": "LeNet", "mean": [0], "std": [0]}, "std.0: "),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "published_error": 8},
            "networks.3: published_error: it needs weights",
        ),
        ("experiments.images.networks.3", elsewhere(published_error=100), "published_error: "),
        ("experiments.images.networks.3", elsewhere(published_error=-1), "published_error: "),
        ("experiments.images.networks.3", elsewhere(recipe="convolutional"), "recipe: weights are"),
        (
            "experiments.images.networks.3",
            elsewhere(override={"epochs": 3}),
            "override: weights",
        ),
        (
            "experiments.images.networks.3",
            elsewhere(seeds=[0, 1]),
            "give one seed",
        ),
        ("experiments.images.networks.3", elsewhere(noise=[0, 1]), "noise: what the weights"),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "weights": {"url": "https://host/a.pt"}},
            "networks.3.weights: a url needs sha256",
        ),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "weights": {"ulr": "https://host/a.pt"}},
            "networks.3.weights.ulr: unknown key; did you mean 'url'?",
        ),
        (
            "experiments.images.networks.3",
            {"name": "EfficientNetB0", "label": "x", "activation": "tanh"},
            "its own activation (SiLU)",
        ),
        (
            "experiments.scale_detection_1d_task2.networks.0.options",
            {"blokcs": 3},
            "did you mean 'blocks'?",
        ),
        (
            "experiments.scale_detection_1d_task2.networks.0.options",
            {"stride": 3},
            "networks.stride: SimpleCNN1D: filter_size 2 is smaller than stride 3",
        ),
        (
            "experiments.scale_detection_1d_task2.networks.0.options",
            {"blocks": 9},
            "a signal of 256 pixels has only 1 left before block 9",
        ),
        (
            "experiments.scale_detection_1d_task2.networks.0.options",
            {"filter_size": 400},
            "too few for filter_size 400",
        ),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "override": {"loss": "hinge"}},
            "networks.LeNet: loss hinge needs two classes, and there are 10",
        ),
        (
            "experiments.images.source",
            {"name": "image_folder", "root": "r", "size": 15},
            "networks.LeNet: LeNet needs images of at least 16 pixels a side, not 15",
        ),
        ("experiments.scale_detection_2d", SMALL, "LeNet needs images of at least 16 pixels"),
        (
            "experiments.images.source",
            {"name": "image_folder", "root": "r", "size": 1025},
            "size: ",
        ),
        (
            "experiments.images.source",
            {"name": "image_folder", "root": "r", "crop": "squash"},
            "crop: it needs size",
        ),
        (
            "experiments.images.source",
            {"name": "image_folder", "root": "r", "size": 32, "crop": "center"},
            "crop: ",
        ),
        (
            "experiments.images.source",
            {"name": "embedded", "crop": "centre"},
            "crop: only image_folder takes it",
        ),
        (
            "experiments.images.source",
            {"name": "image_folder", "root": "r", "mean": [0.5, 0.5]},
            "mean: give one number for grey images, three for colour",
        ),
        (
            "experiments.images.source",
            {"name": "image_folder", "root": "r", "std": []},
            "std: give one number",
        ),
        (
            "experiments.images.source",
            {"name": "image_folder", "root": "r", "mean": [0.5], "std": [0.1, 0.1, 0.1]},
            "mean and std: give as many",
        ),
        (
            "experiments.scale_detection_1d_task2.train_size",
            15860,
            "experiments.scale_detection_1d_task2 has",
        ),
        (
            "experiments.images.networks.3",
            {"name": "LeNet", "seeds": list(range(100)), "seeds_per_job": 100},
            "networks.LeNet: seeds_per_job 100: a job's folder is named after its seeds, and there"
            " is room for 86 of them; take 86 or fewer",
        ),
        ("figures", {"figure_04": ["VGG11", "VGG11"]}, "figure_04 'VGG11' is given twice"),
        (
            "pretrained",
            [{"label": "mine", "weights": {"path": "mine.pt", "key": "ema"}}],
            "weights.key: of several sets of weights the largest is shown",
        ),
        ("pretrained", ["resnet81"], "did you mean 'resnet18'?"),
        ("pretrained", ["alexnet", "alexnet"], "network 'alexnet' is given twice"),
        (
            "pretrained",
            ["alexnet", {"label": "alexnet", "weights": "mine.pt"}],
            "network 'alexnet' is given twice",
        ),
    ],
)
def test_a_broken_configuration_is_refused_in_one_sentence(
    location: str, value: object, says: str
) -> None:
    with pytest.raises(UserError) as refused:
        config.parse(changed(location, value))
    sentence = str(refused.value)
    assert sentence.startswith("configuration: ")
    assert says in sentence
    assert "\n" not in sentence
    assert "pydantic" not in sentence
