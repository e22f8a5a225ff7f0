"""Filter spectra of networks that were trained on ImageNet (Figure 13)."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.error import URLError

import torch
import torchvision
from pandas import DataFrame
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import WeightFile
from cnn_sensitivity.config.limits import check_pretrained
from cnn_sensitivity.measures.banks import layer_rows
from cnn_sensitivity.networks.state_dicts import read
from cnn_sensitivity.networks.weight_files import find

_TENSOR = (".weight", ".kernel")  # how PyTorch and others call the filters of a layer


def pretrained_spectrum_table(name: str, root: str | Path) -> DataFrame:
    """Return the spectra of torchvision's network `name` with its ImageNet weights.

    The weights come from `root`/checkpoints, or are downloaded there and checked. Where they
    cannot be had the table has one row that says why in its column `reason`: a figure without
    ImageNet must not stop a reproduction. Raises UserError for a network of which torchvision has
    no such weights.
    """
    check_pretrained(name)
    weights = torchvision.models.get_model_weights(name).__members__["IMAGENET1K_V1"]
    folder = Path(root) / "checkpoints"
    try:
        state = torch.hub.load_state_dict_from_url(
            weights.url,
            model_dir=os.fspath(folder),
            progress=False,
            check_hash=True,
            weights_only=True,
            map_location="cpu",
        )
    except (URLError, OSError, RuntimeError) as error:
        file = folder / Path(weights.url).name
        reason = f"no ImageNet weights: put {file} there or allow its download ({error})"
        return _without(name, reason)
    return _table(name, state.items())


def file_spectrum_table(label: str, weights: WeightFile, root: str | Path) -> DataFrame:
    """Return the spectra of the filters in a file of weights, or one row that says why not.

    Their order is that of the layers: a PyTorch file keeps it, and in a safetensors file, which
    does not, they are sorted by name, 2 before 10.
    """
    try:
        path = find(weights, root)
        tensors = list(read(path).items())
    except UserError as error:
        return _without(label, str(error))
    if path.suffix == ".safetensors":
        tensors.sort(key=lambda each: _natural(each[0]))
    table = _table(label, tensors)
    if table.empty:
        return _without(label, f"{path}: there is no filter of more than one pixel in it")
    return table


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]


def _table(network: str, tensors: Iterable[tuple[str, Tensor]]) -> DataFrame:
    filters = ((_layer(name), tensor.float().numpy()) for name, tensor in tensors)
    return DataFrame(layer_rows(filters)).assign(network=network, reason="")


def _layer(name: str) -> str:
    for suffix in _TENSOR:
        name = name.removesuffix(suffix)
    return name


def _without(network: str, reason: str) -> DataFrame:
    return DataFrame([{"network": network, "reason": reason}])
