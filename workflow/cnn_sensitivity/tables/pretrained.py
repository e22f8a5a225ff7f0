"""Filter spectra of networks that were trained on ImageNet (Figure 13)."""

import os
from pathlib import Path
from urllib.error import URLError

import torch
import torchvision
from pandas import DataFrame

from cnn_sensitivity.config.limits import check_pretrained
from cnn_sensitivity.tables.filters import layer_rows


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
        return DataFrame([{"network": name, "reason": reason}])
    filters = ((name.removesuffix(".weight"), value.numpy()) for name, value in state.items())
    return DataFrame(layer_rows(filters)).assign(network=name, reason="")
