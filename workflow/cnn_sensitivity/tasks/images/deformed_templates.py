"""R18's synthetic tasks: each class is the deformations of one image."""

import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.perturbations.thin_plate_spline import thin_plate
from cnn_sensitivity.tasks.store import Dataset, Split, assemble


def deform_templates(
    dataset: Dataset,
    train_size: int,
    test_size: int,
    displacement: float,
    control_points: int = 3,
    grid: str = "edge",
    seed: int = 0,
) -> Dataset:
    """Return a task whose classes are the training images of `dataset`, one each (R18, 3.1).

    Training and test images are thin-plate deformations of them, by up to `displacement` pixels an
    axis at each control point, drawn once; test images are others than training images. Classes
    take turns, so that each has its share of any number of images. Values are rounded to whole
    ones. Raises UserError for fewer images than classes, and as `thin_plate`.
    """
    templates = dataset.train.images
    if min(train_size, test_size) < len(templates):
        raise UserError(
            f"{len(templates)} templates need as many training and test images at least, not"
            f" {train_size} and {test_size}"
        )

    def deformed(name: str, size: int) -> Split:
        labels = torch.arange(size) % len(templates)
        generator = torch.Generator().manual_seed(derive_seed("templates", seed, name))
        images = thin_plate(
            templates[labels].float(), displacement, control_points, generator, grid
        )
        return Split(images.round().to(torch.uint8), labels)

    names = [dataset.classes[label] for label in dataset.train.labels]
    classes = tuple(f"{place}: {name}" for place, name in enumerate(names, start=1))
    title = f"deformations by {displacement:g} pixels of {len(templates)} images of {dataset.title}"
    splits = deformed("train", train_size), deformed("test", test_size)
    return assemble(dataset.name, title, classes, dataset.mean, dataset.std, *splits)
