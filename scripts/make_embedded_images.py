"""Make the images inside the package: 500 training and 200 test images of each class.

Reads Fashion-MNIST from a folder; apt-get install dataset-fashion-mnist puts it into the default
one. Without a copy in the folder it is downloaded there. Run from the repository's root:

    PYTHONPATH=workflow python scripts/make_embedded_images.py
"""

import argparse
from pathlib import Path

import numpy as np

from cnn_sensitivity.base.files import write_atomically
from cnn_sensitivity.tasks.images import fashion_mnist, idx
from cnn_sensitivity.tasks.images.embedded import FOLDER


def main() -> None:
    """Write the four files and their checksums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--source", type=Path, default=Path("/usr/share/datasets/fashion-mnist"), metavar="FOLDER"
    )
    parser.add_argument("--output", type=Path, default=FOLDER, metavar="FOLDER")
    arguments = parser.parse_args()

    dataset = fashion_mnist.load_images(arguments.source, train_size=5000, test_size=2000)
    lines = []
    for name, files in fashion_mnist.FILES.items():
        split = getattr(dataset, name)
        arrays = split.images[:, 0].numpy(), split.labels.numpy().astype(np.uint8)
        for file, array in zip(files, arrays, strict=True):
            content = idx.zip_(idx.serialize(array))
            with write_atomically(arguments.output / f"{file}.gz") as temporary:
                temporary.write_bytes(content)
            lines.append(f"{idx.sha256(content)}  {file}.gz\n")
    with write_atomically(arguments.output / "SHA256SUMS") as temporary:
        temporary.write_text("".join(lines))


if __name__ == "__main__":
    main()
