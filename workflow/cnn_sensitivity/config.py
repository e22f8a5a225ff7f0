"""The configuration: every knob of a run as pydantic models, its schema and its errors.

Unknown keys are errors. Relations between keys are checked here too, so that a run that cannot
work stops before its first job. `config.yaml` documents each key for the person who sets it.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cnn_sensitivity.errors import UserError
from cnn_sensitivity.pairs import check_enough, pairs_1d, pairs_2d

Activation = Literal["relu", "tanh"]
State = Literal["initial", "last", "best"]
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=60)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=1, lt=2**31)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
# Printable text: file names and titles may hold spaces and quotes, but no control characters.
Text = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")]


# Known to the configuration so that a misspelt name stops a run before torch is even imported.
NETWORKS = (
    "FullConnL2",
    "FullConnL4",
    "FullConnL6",
    "LeNet",
    "AlexNet",
    "VGG11",
    "VGG11bn",
    "VGG13bn",
    "VGG16bn",
    "VGG19bn",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "EfficientNetB0",
    "SimpleCNN1D",
)


SIZES = {
    "embedded": {"train_size": 5000, "test_size": 2000},
    "fashion_mnist": {"train_size": 60000, "test_size": 10000},
    "cifar10": {"train_size": 50000, "test_size": 10000},
}
"""Images of the sources whose size is known before they are read."""


class Model(BaseModel):
    """Base of all models: strict about keys, immutable, finite numbers only."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    def to_json(self) -> str:
        """Return the canonical JSON text: the flat scalar that a rule passes to a command."""
        return self.model_dump_json(exclude_none=True)


class Recipe(Model):
    """How a network is trained. The defaults are the paper's for convolutional networks."""

    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: Positive = 0.1
    """Peak learning rate; the schedule starts from it (or rises to it, one_cycle)."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: NonNegative = 5e-4
    """L2 penalty of the optimiser, on weights only: no bias, no batch-norm parameter."""
    ridge: NonNegative = 0.0
    """Penalty ridge * sum |w|^2 / (channels * blocks) on convolution weights (1D networks)."""
    schedule: Literal["constant", "cosine", "one_cycle"] = "cosine"
    cosine_fraction: Fraction = 0.8
    """Half period of the cosine as a fraction of the epochs: below 1 the rate rises again."""
    epochs: Count = 250
    batch_size: Count = 128
    loss: Literal["cross_entropy", "hinge"] = "cross_entropy"
    initialization: Literal["default", "kaiming_normal", "tanh_gain"] = "default"
    """Of convolutions: the network's own; Kaiming-normal (fan-out, ReLU); or, for tanh, the
    network's own weights times 5/3, the gain that keeps a signal alive, and no biases."""
    crop_padding: Annotated[int, Field(ge=0, le=16)] = 4
    """Random crop after zero padding by so many pixels; 0 for none."""
    flip: bool = True
    """Random horizontal flip."""
    stop_when_fitted: bool = False
    """Stop a seed once its training loss is 0; `epochs` is then the most that it gets."""
    fitted_factor: Annotated[float, Field(ge=1)] = 1.0
    """With stop_when_fitted: go on to this multiple of the first epoch with zero loss,
    and until the validation error is 0."""


class Architecture(Model):
    """What a network is, apart from how it is trained."""

    name: Text
    """A known architecture, or `module:callable` for a network of your own."""
    label: Label
    """What tables, figures and folders call it; the default is the name."""
    width: Annotated[float, Field(gt=0, le=16)] = 1.0
    """Factor on all channel counts and hidden widths."""
    activation: Activation = "relu"
    options: dict[Label, Count] = {}
    """Options of the architecture, e.g. blocks and channels of SimpleCNN1D."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if isinstance(value, Mapping) and isinstance(value.get("name"), str):
            value = {"label": value["name"].rpartition(":")[2], **value}
        return value

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        module, _, attribute = name.partition(":")
        own = attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))
        if name not in NETWORKS and not own:
            raise ValueError(f"unknown network {name!r}{suggestion(name, NETWORKS)}")
        return name


class Network(Architecture):
    """A network of an experiment, and where it departs from the experiment's settings."""

    recipe: Label | None = None
    override: dict[Label, float | int | str | bool] = {}
    """Keys of the recipe that differ for this network."""
    seeds: Annotated[list[Seed], Field(min_length=1)] | None = None
    noise: Annotated[list[NonNegative], Field(min_length=1)] | None = None
    seeds_per_job: Count = 1
    """Seeds trained together in one job as one stacked computation."""

    def architecture(self) -> Architecture:
        """Return the network without its place in the grid, which its weights do not depend on."""
        return Architecture(**{key: getattr(self, key) for key in Architecture.model_fields})


class Experiment(Model):
    """A grid of runs: networks x noise levels x training sizes x seeds on one data set."""

    recipe: Label
    networks: Annotated[list[Network], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    noise: Annotated[list[NonNegative], Field(min_length=1)] = [0.0]
    """Magnitudes of the noise added to training and test images."""

    @field_validator("networks")
    @classmethod
    def _labels_differ(cls, networks: list[Network]) -> list[Network]:
        _refuse_duplicates("label", [network.label for network in networks])
        for network in networks:
            _refuse_duplicates(f"seeds of {network.label}", network.seeds or [])
            _refuse_duplicates(f"noise of {network.label}", network.noise or [])
        return networks

    @field_validator("seeds", "noise", "train_sizes", check_fields=False)
    @classmethod
    def _values_differ(cls, values: list[Any]) -> list[Any]:
        _refuse_duplicates("value", values)
        return values

    def sizes(self) -> list[int | None]:
        """Return the training sizes; None is the whole training split."""
        return [None]


class ImageSource(Model):
    """Where the images come from."""

    name: Literal["embedded", "fashion_mnist", "cifar10", "image_folder"]
    root: Text | None = None
    """fashion_mnist, cifar10: where the files are or are put; image_folder: the folder itself."""
    title: Text | None = None
    """What captions call the data; the default is its name."""
    train_size: Count | None = None
    """A class-balanced subset of so many training images; none for all."""
    test_size: Count | None = None
    size: Count | None = None
    """image_folder: resize all images to so many pixels a side; without it they must agree."""
    mean: list[Fraction] | None = None
    """image_folder: of pixel/255, per channel; the default is the training images' own."""
    std: list[Fraction] | None = None

    @model_validator(mode="after")
    def _can_be_had(self) -> Self:
        if self.name == "image_folder" and self.root is None:
            raise ValueError("image_folder needs root: the folder that holds train/ and test/")
        for key in ("size", "mean", "std"):
            if self.name != "image_folder" and getattr(self, key) is not None:
                raise ValueError(f"{key}: only image_folder takes it")
        for key, most in SIZES.get(self.name, {}).items():
            if (getattr(self, key) or 0) > most:
                raise ValueError(f"{key} {getattr(self, key)}: {self.name} has {most} images")
        return self

    def test_images(self) -> int | None:
        """Return how many test images there are, if that is known before they are read."""
        return self.test_size or SIZES.get(self.name, {}).get("test_size")


class Images(Experiment):
    """Image classification (Figures 1, 3, 4, 10 to 13)."""

    source: ImageSource


class ScaleDetection2d(Experiment):
    """Are two active pixels of an image closer than `scale`? (Figures 8, 9, 14)."""

    size: Annotated[int, Field(ge=4, le=100)] = 28
    scale: Positive = 14.0
    gap: NonNegative = 2.0
    train_sizes: Annotated[list[Count], Field(min_length=1)] = [1024, 2048]
    test_size: Count = 2048

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        count = max(self.train_sizes) + self.test_size
        _check_task(count, pairs_2d, self.size, self.scale, self.gap)
        return self

    def sizes(self) -> list[int | None]:
        return list(self.train_sizes)


class ScaleDetection1d(Experiment):
    """The same question on a line (Figure 7)."""

    task: ClassVar[int]
    size: Annotated[int, Field(ge=4, le=8192)] = 128
    scale: Count = 32
    train_size: Count = 1024
    validation_size: Count = 128

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        # At least one pair a class remains for the test.
        count = self.train_size + self.validation_size + 2
        gap = getattr(self, "gap", 0)
        _check_task(count, pairs_1d, self.task, self.size, self.scale, gap)
        return self


class ScaleDetection1dTask1(ScaleDetection1d):
    """Task 1: the periodic distance of two pixels. Networks without stride can solve it."""

    task: ClassVar[int] = 1
    gap: NonNegative = 2.0


class ScaleDetection1dTask2(ScaleDetection1d):
    """Task 2: are two pixels in one of the size/scale blocks?

    Without stride, circular padding and average pooling make a network invariant to translation:
    it cannot tell blocks apart.
    """

    task: ClassVar[int] = 2


class Experiments(Model):
    """The experiments of a run. Leave one out and its figures are left out too."""

    images: Images | None = None
    scale_detection_2d: ScaleDetection2d | None = None
    scale_detection_1d_task1: ScaleDetection1dTask1 | None = None
    scale_detection_1d_task2: ScaleDetection1dTask2 | None = None


class Measurement(Model):
    """How sensitivities are measured (paper, eq. 1)."""

    images: Annotated[int, Field(ge=2)] = 500
    """Number P of test images."""
    displacement: Positive = 1.0
    """Typical displacement delta of the diffeomorphism, in pixels."""
    cutoff: Annotated[int, Field(ge=2)] = 3
    """Cut-off c: the largest frequency of the diffeomorphism."""
    noise_norm: Literal["per_image", "mean"] = "per_image"
    """Noise is as large as each image's own deformation, or as their mean."""
    average: Literal["mean", "median"] = "mean"
    """Over images: the mean, or the median of each output coordinate (Petrini et al. 2021)."""
    weights: Literal["last", "best"] = "last"
    """Which epoch's weights count as trained: the last, or that of the best test error."""


class Compute(Model):
    """Speed against exactness of training on a GPU; measurements are always in float32."""

    channels_last: bool = False
    bf16: bool = False
    tf32: bool = False
    cuda_graph: bool = False
    """Replay each training step as one CUDA graph; without effect on a CPU."""


class Figures(Model):
    """Which networks the figures with one panel a network show."""

    figure_03: list[Label] = ["VGG11", "VGG11bn", "AlexNet", "LeNet"]
    figure_04: list[Label] = ["VGG11", "VGG11bn"]
    figure_09: list[Label] = ["VGG11", "VGG11bn", "VGG13bn"]
    pretrained: list[Label] = ["vgg11", "vgg11_bn", "alexnet", "resnet18"]
    """Networks of torchvision with ImageNet weights, for Figure 13."""


class Config(Model):
    """A whole run."""

    run: Label
    """Name of the run: results/<run>/ and paper_figures/<run>/."""
    seed: Seed = 0
    """The root of every random number of the run."""
    data_root: Text = "data"
    """Folder for downloads: data sets and ImageNet weights."""
    device: Literal["cpu", "gpu"] = "gpu"
    """gpu: training and measuring jobs ask for a GPU each; without one they use the CPU."""
    recipes: dict[Label, Recipe]
    experiments: Experiments
    measurement: Measurement = Measurement()
    compute: Compute = Compute()
    figures: Figures = Figures()

    @model_validator(mode="after")
    def _recipes_exist(self) -> Self:
        for name, experiment in self.grid().items():
            for network in experiment.networks:
                key = f"experiments.{name}.networks.{network.label}"
                self._check_network(key, network, experiment)
        return self

    @model_validator(mode="after")
    def _enough_test_images(self) -> Self:
        for name, there_are in (
            ("images", self.experiments.images and self.experiments.images.source.test_images()),
            (
                "scale_detection_2d",
                self.experiments.scale_detection_2d
                and self.experiments.scale_detection_2d.test_size,
            ),
        ):
            if there_are and self.measurement.images > there_are:
                raise ValueError(
                    f"measurement.images {self.measurement.images}: "
                    f"experiments.{name} has {there_are} test images"
                )
        return self

    @model_validator(mode="after")
    def _figures_show_what_there_is(self) -> Self:
        for key, experiment in (
            ("figure_03", self.experiments.images),
            ("figure_04", self.experiments.images),
            ("figure_09", self.experiments.scale_detection_2d),
        ):
            labels = [network.label for network in experiment.networks] if experiment else []
            for label in getattr(self.figures, key) if experiment else []:
                if label not in labels:
                    raise ValueError(
                        f"figures.{key}: no network is labelled {label!r}"
                        f"{suggestion(label, labels)}"
                    )
        return self

    def _check_network(self, key: str, network: Network, experiment: Experiment) -> None:
        recipe = network.recipe or experiment.recipe
        if recipe not in self.recipes:
            raise ValueError(f"{key}: unknown recipe {recipe!r}{suggestion(recipe, self.recipes)}")
        try:
            self.recipe(network, experiment)
        except ValidationError as error:
            raise ValueError(f"{key}.override.{describe(error)}") from None

    def grid(self) -> dict[str, Experiment]:
        """Return the experiments of the run by name."""
        return {
            name: experiment
            for name in Experiments.model_fields
            if (experiment := getattr(self.experiments, name)) is not None
        }

    def recipe(self, network: Network, experiment: Experiment) -> Recipe:
        """Return the recipe of a network of an experiment, its overrides applied."""
        base = self.recipes[network.recipe or experiment.recipe]
        return Recipe(**{**base.model_dump(), **network.override})


class TrainingSettings(Model):
    """Everything that determines the weights of one training job, besides its data set."""

    experiment: str
    network: Architecture
    recipe: Recipe
    compute: Compute
    noise: float
    train_size: int | None = None
    seeds: list[int]
    root_seed: int


class MeasurementSettings(Model):
    """Everything that determines a sensitivity table, besides the checkpoint."""

    measurement: Measurement
    perturbation: Literal["diffeomorphism", "pixels_2d", "pixels_1d"]
    scale: float | None = None
    """Of scale detection, in pixels."""
    in_blocks: bool = False
    """Active pixels do not leave their block of size `scale` (one dimension, Task 2)."""
    root_seed: int


class PictureSettings(Model):
    """What Figure 1 shows of one test image."""

    displacement: float
    cutoff: int
    noise: list[float]
    root_seed: int


def parse(raw: Mapping[str, Any]) -> Config:
    """Return the checked configuration.

    Raises:
        UserError: naming the first key at fault and what would be right.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise UserError(f"configuration: {describe(error)}") from None


def read(*paths: str | Path) -> Config:
    """Return the configuration of YAML files, each laid over the ones before it."""
    merged: dict[str, Any] = {}
    for path in paths:
        try:
            layer = yaml.safe_load(Path(path).read_text())
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            problem = " ".join(str(error).split())
            raise UserError(f"{path}: cannot be read as YAML: {problem}") from None
        if not isinstance(layer, dict):
            raise UserError(f"{path}: must hold a mapping of keys to values")
        merged = _overlay(merged, layer)
    return parse(merged)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    return Config.model_json_schema()


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return '; did you mean ...?' with the closest known word, or the list of known words."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(words)}"


def describe(error: ValidationError) -> str:
    """Return the first problem as one sentence: the key, what is wrong, what was given."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key{_sibling_suggestion(problem['loc'])}"
    if problem["type"] == "missing":
        return f"{key}: missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{key}: {message}" if key else message
    given = " ".join(repr(problem["input"]).split())
    if len(given) > 60:
        given = f"{given[:57]}..."
    return f"{key}: {message[0].lower()}{message[1:]} (given: {given})"


def _sibling_suggestion(location: tuple[int | str, ...]) -> str:
    """Suggest a key beside an unknown one, by walking the models along its location."""
    model: Any = Config
    for part in location[:-1]:
        if isinstance(part, int) or not isinstance(model, type):
            continue
        field = model.model_fields.get(part)
        model = _model_within(field.annotation) if field else model
    word = str(location[-1])
    fields = getattr(model, "model_fields", Config.model_fields)
    return suggestion(word, fields)


def _model_within(annotation: Any) -> Any:
    """Return the model inside an annotation such as `list[Network]` or `Images | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (model := _model_within(argument)) is not None:
            return model
    return None


def _check_task(count: int, pairs: Callable, *geometry: float) -> None:
    try:
        near, far = pairs(*geometry)
        check_enough(near, far, count, "the task")
    except UserError as error:
        raise ValueError(str(error)) from None


def _refuse_duplicates(what: str, values: list[Any]) -> None:
    for position, value in enumerate(values):
        if value in values[:position]:
            raise ValueError(f"{what} {value!r} is given twice")


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings key by key; lists and scalars of `above` replace those below."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _overlay(merged[key], value) if both else value
    return merged
