"""One network of one's own, measured without the workflow: `cnn-sensitivity probe`."""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.probe import images as image_sources
from cnn_sensitivity.probe import measuring, report, subject
from cnn_sensitivity.probe.progress import Bar

__all__ = ["run"]


def run(
    network: str,
    *,
    weights: str | None = None,
    key: str | None = None,
    images: str = "embedded",
    data_root: str = "data",
    count: int | None = None,
    displacement: float = 1.0,
    cutoff: int = 3,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    classes: int | None = None,
    size: int | None = None,
    crop: str | None = None,
    width: float = 1.0,
    option: Sequence[str] = (),
    seed: int = 0,
    only: str | None = None,
    output: str | None = None,
) -> tuple[str, list[Path]]:
    """Measure a network and write its table and picture; return what to print, and the files.

    The options are those of `images.take`, `subject.find` and `measuring.perturbed`. `option`
    holds those of the network, as "key=value". `only` "trained" leaves out the shuffled and the
    fresh network; files begin with `output`, by default probe/<network>. Raises UserError
    for any of them that cannot be used.
    """
    wanted: dict[str, Any] = {"size": size, "crop": crop, "mean": mean, "std": std}
    own = subject.wanted_images(network)
    if images in image_sources.KNOWN:
        own = {key: value for key, value in own.items() if key != "size"}
    wanted |= {key: value for key, value in own.items() if wanted[key] is None}
    taken = image_sources.take(images, count=count, data_root=data_root, seed=seed, **wanted)
    found = subject.find(
        network,
        taken,
        weights=weights,
        key=key,
        data_root=data_root,
        classes=classes,
        width=width,
        options=dict(map(_option, option)),
        seed=seed,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        changed = measuring.perturbed(found.images.normalized(), displacement, cutoff, seed)
    bar = Bar()
    try:
        table = measuring.measure(
            found, *changed, only_trained=only == "trained", seed=seed, advance=bar
        )
    finally:
        bar.end()
    stem = output or f"probe/{re.sub(r'[^A-Za-z0-9._-]', '_', found.name)}"
    paths = report.write(table, report.draw(table, taken.title), stem)
    notes = [f"Note: {each}." for each in [*found.notes, *(each.message for each in caught)]]
    return "\n".join([report.summary(table, taken.title), *notes]), paths


def _option(text: str) -> tuple[str, int | float | str]:
    """Return the key and the value of "key=value": true, false or a number if it reads as one."""
    key, equals, value = text.partition("=")
    if not (key.isidentifier() and equals and value):
        raise UserError(f"--option {text}: give it as key=value")
    if value.lower() in ("true", "false"):
        return key, value.lower() == "true"
    for kind in (int, float):
        try:
            return key, kind(value)
        except ValueError:
            continue
    return key, value
