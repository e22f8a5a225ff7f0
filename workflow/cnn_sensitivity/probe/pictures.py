"""What networks were shown, as image files: unchanged, deformed, and under noise."""

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.probe.images import Images
from cnn_sensitivity.probe.perturbing import Changed


def save(images: Images, changed: Sequence[Changed], stem: str, count: int) -> Path:
    """Write the first `count` images as PNG into the folder `stem`_images; return the folder.

    `changed` holds images as a network sees them; pixels beyond black and white are cut off. A file
    is called 0003_clean.png, 0003_deformed_0.5.png.
    Raises UserError where there is no room or no right to write.
    """
    folder = Path(f"{stem}_images")
    sets = {"clean": images.normalized()}
    for each in changed:
        at = f"{each.displacement:g}"
        sets |= {f"deformed_{at}": each.deformed, f"noisy_{at}": each.noisy}
    shape = (1, -1, 1, 1)
    mean, std = (torch.tensor(each).reshape(shape) for each in (images.mean, images.std))
    for name, shown in sets.items():
        pixels = ((shown[:count] * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)
        for number, pixel in enumerate(pixels.permute(0, 2, 3, 1).numpy()):
            grey = pixel.shape[2] == 1
            with write_atomically(folder / f"{number:04d}_{name}.png") as path:
                Image.fromarray(pixel[:, :, 0] if grey else pixel).save(path, format="PNG")
    return folder
