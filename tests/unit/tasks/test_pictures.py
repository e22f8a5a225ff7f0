"""The table of pictures: an image, what deforms it, and its noise."""

import numpy as np
import training_cases as cases

from cnn_sensitivity.config import (
    Diffeomorphism,
    PictureSettings,
)
from cnn_sensitivity.tasks.images.pictures import picture_table


def test_pictures_show_an_image_its_deformation_and_its_noise() -> None:
    settings = PictureSettings(deformation=Diffeomorphism(), noise=[0.0, 5.0], root_seed=0)
    table = picture_table(cases.images(size=16), settings)
    assert list(table["picture"].unique()) == ["original", "deformed", "noise-0", "noise-5"]
    assert table["value"].between(0, 1).all()
    values = table.groupby("picture")["value"].apply(np.array)
    np.testing.assert_array_equal(values["original"], values["noise-0"])
    assert not np.array_equal(values["original"], values["noise-5"])
    moved = table[table.picture == "deformed"]
    frame = moved[(moved.row == 0) & (moved.channel == 0)]
    assert moved["dx"].abs().max() > 0
    assert frame["dx"].eq(0).all()
