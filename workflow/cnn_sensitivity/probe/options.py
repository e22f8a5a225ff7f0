"""What `probe` is asked for, as its command line has it, and what of that cannot be meant."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from cnn_sensitivity.base.errors import UserError

Value = int | float | str
"""Of an option of a network; true and false are numbers here too."""


@dataclass(frozen=True)
class Options:
    """The options of `probe`, by the names of its command line.

    `network`: each a name, or name=file of its weights. `option` holds those of the networks, as
    "key=value". `layers` is one word of `layer_choice`, or names and patterns. `only` "trained"
    leaves out the shuffled and the fresh network. Of several displacements the first is that of the
    summary. `perturbation`, "module:callable", stands in the place of the deformation
    (`own_perturbation.perturbed`). Files begin with `output`, by default probe/<network> or
    probe/comparison.
    """

    network: Sequence[str]
    weights: str | None = None
    key: str | None = None
    option: Sequence[str] = ()
    classes: int | None = None
    width: float = 1.0
    output_key: str | None = None
    images: str = "embedded"
    data_root: str = "data"
    count: int | None = None
    size: int | None = None
    crop: str | None = None
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    perturbation: str | None = None
    displacement: Sequence[float] = (1.0,)
    cutoff: int | None = None
    layers: Sequence[str] = ("activations",)
    list_layers: bool = False
    only: str | None = None
    seed: int = 0
    output: str | None = None
    compare: bool = False
    save_images: int = 0
    memory: float | None = None
    device: str = "cpu"


def check(options: Options) -> None:
    """Raise UserError for options that cannot be meant; those of one part are checked there."""
    try:
        torch.empty(1, device=options.device)
    except (RuntimeError, AssertionError) as error:
        problem = " ".join(str(error).split(". ")[0].split())
        raise UserError(f"--device {options.device}: it cannot be used here ({problem})") from error
    if options.memory is not None and not options.memory > 0:
        raise UserError(f"--memory must be a positive number of GB, not {options.memory:g}")
    if options.save_images < 0:
        raise UserError(f"--save-images must be a number of images, not {options.save_images}")
    if twice := [each for each, times in Counter(options.displacement).items() if times > 1]:
        raise UserError(f"--displacement: {twice[0]:g} is given twice")
    if options.perturbation is None:
        return
    if ":" not in options.perturbation:
        raise UserError(f"--perturbation {options.perturbation}: give it as module:callable")
    if options.cutoff is not None:
        raise UserError("--cutoff is of the deformation, in whose place --perturbation stands")
    if options.compare:
        raise UserError("--compare: those networks were deformed, and --perturbation is another")


def of_network(texts: Sequence[str]) -> dict[str, Value]:
    """Return the options of a network, each "key=value": true, false or numbers if they read so.

    Raises UserError for another form, and for a key that is given twice.
    """
    found: dict[str, Value] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key.isidentifier() and equals and value):
            raise UserError(f"--option {text}: give it as key=value")
        if key in found:
            raise UserError(f"--option {text}: {key} is given twice")
        found[key] = _value(value)
    return found


def _value(text: str) -> Value:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
