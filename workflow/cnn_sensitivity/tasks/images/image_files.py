"""The files of an image folder: `train/<class>/*` and `test/<class>/*`.

The rules, each an error that names what breaks it:

- The classes are the folders of `train/`, in sorted order, at least two; `test/` has the same.
- Where there is no `test/`, `val/`, `valid/` or `validation/` holds the test images.
- `train/` and `test/` hold class folders only, and a class folder image files only (`SUFFIXES`), at
  least one. Hidden files, and the `Thumbs.db` and `desktop.ini` that desktops write, are ignored.

No file is opened, and nothing here imports torch: a dry run lists the folder too.
"""

from dataclasses import dataclass
from pathlib import Path

from cnn_sensitivity.base.errors import UserError

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")

_TEST_SPLITS = ("test", "val", "valid", "validation")  # the first that is there

_LITTER = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class ImageFiles:
    """The images of both splits, by class in the order of `classes`."""

    classes: tuple[str, ...]
    train: list[list[Path]]
    test: list[list[Path]]

    def images(self, split: str) -> tuple[list[Path], list[int]]:
        """Return the files of "train" or "test", class after class, and their labels."""
        by_class: list[list[Path]] = getattr(self, split)
        labels = [label for label, files in enumerate(by_class) for _ in files]
        return [file for files in by_class for file in files], labels


def list_images(root: str | Path) -> ImageFiles:
    """Return the images of a folder. Raises UserError as the rules above say."""
    root = Path(root)
    folders = root / "train", find_test_folder(root) or root / "test"
    classes, of_test = map(_class_names, folders)
    _check_same_classes(folders, classes, of_test)
    train, test = ([_images_of_a_class(folder / name) for name in classes] for folder in folders)
    return ImageFiles(classes, train, test)


def find_test_folder(root: Path) -> Path | None:
    """Return the folder of the test images of an image folder, or None where it has none."""
    return next((root / name for name in _TEST_SPLITS if (root / name).is_dir()), None)


def _entries(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UserError(
            f"{folder} cannot be read ({error.strerror}): an image folder holds "
            f"train/<class>/* and test/<class>/*"
        ) from error
    return [
        entry
        for entry in entries
        if not entry.name.startswith(".") and entry.name.lower() not in _LITTER
    ]


def _class_names(folder: Path) -> tuple[str, ...]:
    entries = _entries(folder)
    for entry in entries:
        if not entry.is_dir():
            raise UserError(f"{entry} is not a class folder: move it out of {folder}")
    if len(entries) < 2:
        raise UserError(f"{folder} holds {len(entries)} class folders, but at least 2 are needed")
    return tuple(entry.name for entry in entries)


def _check_same_classes(
    folders: tuple[Path, Path], train: tuple[str, ...], test: tuple[str, ...]
) -> None:
    for there, others, folder in ((train, test, folders[1]), (test, train, folders[0])):
        missing = sorted(set(there) - set(others))
        if missing:
            raise UserError(
                f"{folder} lacks the class {', '.join(missing)}: {folders[0].name} and"
                f" {folders[1].name} must have the same class folders"
            )


def _images_of_a_class(folder: Path) -> list[Path]:
    entries = _entries(folder)
    if not entries:
        raise UserError(f"{folder} holds no image")
    for entry in entries:
        # A pipe would keep its reader waiting for ever; a link may lead to a plain file.
        if entry.suffix.lower() not in SUFFIXES or not entry.is_file():
            raise UserError(
                f"{entry} is not an image file ({', '.join(SUFFIXES)}): move it out of {folder}"
            )
    return entries
