"""Networks and recipes: what is trained, and how."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from cnn_sensitivity.config.base import (
    NO_BOOLEAN,
    Count,
    Fraction,
    Label,
    Model,
    NonNegative,
    Option,
    Positive,
    Seed,
    Text,
    refuse_duplicates,
    suggestion,
)
from cnn_sensitivity.config.weights import WeightFile

# Known to the configuration so that a misspelt name stops a run before torch is even imported.
NETWORKS = (
    "FullConnL2",
    "FullConnL4",
    "FullConnL6",
    "NTKFullConn",
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
    "ResNet20",
    "ResNet32",
    "ResNet44",
    "ResNet56",
    "ResNet110",
    "EfficientNetB0",
    "MaxPoolCNN",
    "AveragePoolCNN",
    "SubsampleCNN",
    "StridedCNN",
    "StridedReLUCNN",
    "SimpleCNN1D",
)
# Those of torchvision that have weights trained on ImageNet alone.
_PRETRAINED = """
alexnet convnext_base convnext_large convnext_small convnext_tiny densenet121 densenet161
densenet169 densenet201 efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3
efficientnet_b4 efficientnet_b5 efficientnet_b6 efficientnet_b7 efficientnet_v2_l efficientnet_v2_m
efficientnet_v2_s googlenet inception_v3 maxvit_t mnasnet0_5 mnasnet0_75 mnasnet1_0 mnasnet1_3
mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_16gf regnet_x_1_6gf regnet_x_32gf
regnet_x_3_2gf regnet_x_400mf regnet_x_800mf regnet_x_8gf regnet_y_16gf regnet_y_1_6gf regnet_y_32gf
regnet_y_3_2gf regnet_y_400mf regnet_y_800mf regnet_y_8gf resnet101 resnet152 resnet18 resnet34
resnet50 resnext101_32x8d resnext101_64x4d resnext50_32x4d shufflenet_v2_x0_5 shufflenet_v2_x1_0
shufflenet_v2_x1_5 shufflenet_v2_x2_0 squeezenet1_0 squeezenet1_1 swin_b swin_s swin_t swin_v2_b
swin_v2_s swin_v2_t vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn vit_b_16 vit_b_32
vit_l_16 vit_l_32 wide_resnet101_2 wide_resnet50_2
"""
PRETRAINED = tuple(_PRETRAINED.split())

_LONGEST = 255  # bytes of a file's name


class Pretrained(Model):
    """A network trained on ImageNet whose filters are shown: torchvision's of this name, or a file.

    Given as a name alone, or as label and weights.
    """

    label: Label
    weights: WeightFile | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"label": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_the_largest(self) -> Self:
        if self.weights and self.weights.key:
            raise ValueError("weights.key: of several sets of weights the largest is shown")
        return self


def seeds_folder(seeds: Sequence[int]) -> str:
    """Return the name of the folder of a job that trains these seeds."""
    return f"seeds-{'-'.join(map(str, seeds))}"


class Recipe(Model):
    """How a network is trained. The defaults are the paper's for convolutional networks."""

    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: Positive = 0.1
    """Peak learning rate; the schedule starts from it (or rises to it, one_cycle)."""
    rate_times_channels: bool = False
    """Multiply the rate by the network's option `channels`: those in one dimension are parametrised
    so that the step grows with the width."""
    momentum: Annotated[float, Field(ge=0, lt=1), NO_BOOLEAN] = 0.9
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
    initialization: Literal["default", "kaiming_normal", "truncated_normal", "tanh_gain"] = (
        "default"
    )
    """Of convolutions: the network's own; Kaiming-normal (fan-out, ReLU); the normal of deviation
    1/sqrt(inputs) cut off at two deviations, without biases; or, for tanh, the network's own
    weights times 5/3, the gain that keeps a signal alive, and no biases."""
    smoothing: Annotated[float, Field(ge=0, le=10), NO_BOOLEAN] = 0.0
    """Initial filters are convolved with a Gaussian of so many pixels; 0 for none."""
    images_per_epoch: Count | None = None
    """An epoch passes so many images, those of a smaller training set several times: networks of
    all training sizes then make the same number of steps. Left out: each image once."""
    crop_padding: Annotated[int, Field(ge=0, le=16), NO_BOOLEAN] = 4
    """Random crop after zero padding by so many pixels; 0 for none."""
    flip: bool = True
    """Random horizontal flip."""
    precision: Literal["float32", "tf32", "bf16"] = "float32"
    """Of the matrix products of training; weights and measurements are always in float32.
    tf32 has an effect on a GPU only."""
    test_every: Count = 1
    """Epochs from one test to the next. The last epoch and `keep_epochs` are tested anyway, and
    with stop_when_fitted, where any may be the last, all are. What counts as the best, and what is
    kept of a seed that diverges, are the weights of a tested epoch."""
    stop_when_fitted: bool = False
    """Stop a seed once its training loss is 0; `epochs` is then the most that it gets."""
    fitted_factor: Annotated[float, Field(ge=1), NO_BOOLEAN] = 1.0
    """With stop_when_fitted: go on to this multiple of the first epoch with zero loss,
    and until the validation error is 0."""
    keep_epochs: list[Count] | None = None
    """Epochs whose weights the checkpoint keeps too; the initial, last and best are always kept.
    A seed that stops or diverges before one of them has no such weights."""

    @field_validator("keep_epochs")
    @classmethod
    def _in_order(cls, epochs: list[int] | None) -> list[int] | None:
        refuse_duplicates("epoch", epochs or [])
        return epochs and sorted(epochs)

    def is_tested(self, epoch: int) -> bool:
        """Return whether the weights after an epoch, from 1, are tested."""
        due = epoch % self.test_every == 0 or epoch == self.epochs
        return due or self.stop_when_fitted or epoch in (self.keep_epochs or [])

    @property
    def tests(self) -> int:
        """Number of epochs that are tested, if all are trained."""
        return sum(map(self.is_tested, range(1, self.epochs + 1)))

    @model_validator(mode="after")
    def _kept_epochs_come(self) -> Self:
        for epoch in self.keep_epochs or []:
            if epoch > self.epochs:
                raise ValueError(
                    f"keep_epochs: there is no epoch {epoch}, the recipe has {self.epochs}"
                )
        return self


class Architecture(Model):
    """What a network is, apart from how it is trained."""

    name: Text
    """A known architecture, or `module:callable` for a network of your own."""
    label: Label
    """What tables, figures and folders call it; the default is the name."""
    width: Annotated[float, Field(gt=0, le=16), NO_BOOLEAN] = 1.0
    """Factor on all channel counts and hidden widths."""
    activation: Literal["relu", "tanh"] = "relu"
    options: dict[Label, Option] = {}
    """Options of the architecture: e.g. blocks of SimpleCNN1D, shortcut of ResNet20."""
    mean: list[Annotated[float, Field(ge=0, le=1), NO_BOOLEAN]] | None = None
    """Its own normalisation, (pixel/255 - mean)/std per channel, in place of the data set's."""
    std: list[Fraction] | None = None

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

    @model_validator(mode="after")
    def _normalises_each_channel(self) -> Self:
        if len(self.mean or ()) != len(self.std or ()) or len(self.mean or (0,)) not in (1, 3):
            raise ValueError(
                "mean and std: give both, one number for grey images, three for colour"
            )
        return self

    def number(self, option: str, default: int = 1) -> int:
        """Return an option that is a number; raise ValueError if it is a word."""
        value = self.options.get(option, default)
        if isinstance(value, str):
            raise ValueError(f"option {option} must be a whole number, not {value!r}")
        return value


class Network(Architecture):
    """A network of an experiment, and where it departs from the experiment's settings."""

    recipe: Label | None = None
    override: dict[Label, float | int | str | bool | list[int]] = {}
    """Keys of the recipe that differ for this network."""
    seeds: Annotated[list[Seed], Field(min_length=1)] | None = None
    noise: Annotated[list[NonNegative], Field(min_length=1)] | None = None
    measurements: Annotated[list[Label], Field(min_length=1)] | None = None
    """Like seeds and noise: in place of the experiment's."""
    seeds_per_job: Count = 1
    """Seeds trained together in one job as one stacked computation."""
    weights: WeightFile | None = None
    """A file of weights: the network was trained elsewhere, and is not trained here."""
    published_error: Annotated[float, Field(ge=0, lt=100), NO_BOOLEAN] | None = None
    """Test error in per cent that was published with the weights: the measured one must agree."""

    @model_validator(mode="before")
    @classmethod
    def _is_one_network(cls, value: Any) -> Any:
        """Give a network trained elsewhere no noise and one seed, of its initial weights."""
        if isinstance(value, Mapping) and value.get("weights") is not None:
            return {"seeds": [0], "noise": [0.0], **value}
        return value

    @model_validator(mode="after")
    def _is_trained_once(self) -> Self:
        if self.weights is None:
            if self.published_error is not None:
                raise ValueError("published_error: it needs weights, the file that it is of")
            return self
        for key, value in (("recipe", self.recipe), ("override", self.override)):
            if value:
                raise ValueError(f"{key}: weights are not trained here; leave out one of the two")
        if len(self.seeds or ()) != 1:
            raise ValueError("seeds: weights are those of one network; give one seed")
        if self.noise != [0.0]:
            raise ValueError(
                "noise: what the weights were trained on is not added here; leave it out"
            )
        return self

    def stacks(self, seeds: Sequence[int]) -> list[tuple[int, ...]]:
        """Return the seeds of each job: the network's own, or else those of the experiment."""
        of_all = self.seeds or seeds
        starts = range(0, len(of_all), self.seeds_per_job)
        return [tuple(of_all[start : start + self.seeds_per_job]) for start in starts]

    def check_stacks(self, seeds: Sequence[int]) -> None:
        """Raise ValueError if a job has more seeds than the name of its folder can hold."""
        for stack in self.stacks(seeds):
            if len(seeds_folder(stack)) > _LONGEST:
                counts = range(1, len(stack))
                most = next(n for n in counts if len(seeds_folder(stack[: n + 1])) > _LONGEST)
                raise ValueError(
                    f"seeds_per_job {self.seeds_per_job}: a job's folder is named after its seeds,"
                    f" and there is room for {most} of them; take {most} or fewer"
                )

    def architecture(self) -> Architecture:
        """Return the network without its place in the grid, which its weights do not depend on."""
        return Architecture(**{key: getattr(self, key) for key in Architecture.model_fields})
