"""Networks are measured within the memory that is given."""

import torch
from torch import Tensor, nn

from cnn_sensitivity.measures.at_once import bytes_an_image
from cnn_sensitivity.probe import images, measuring, memory, subject
from cnn_sensitivity.probe.perturbing import perturbed


def test_the_budget_is_half_of_what_is_free_or_what_is_said():
    import psutil

    free = psutil.virtual_memory().available
    assert memory.budget(1.5, torch.device("cpu")) == 1_500_000_000
    assert 0 < memory.budget(None, torch.device("cpu")) < 0.7 * free


class Norms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers(pictures)


def test_as_many_images_as_fit_give_the_fresh_networks_statistics():
    taken = images.take("embedded", count=20)
    changed = perturbed(taken.normalized())
    found = subject.Subject("mine", Norms(), taken, Norms)
    each = 3 * bytes_an_image(found.trained, taken.normalized())
    tables, notes = [], []
    torch.manual_seed(0)
    table = measuring.measure(
        found, [changed], memory=7.5 * each / 1e9, notes=notes, keep=tables.append
    )
    fresh = table[table["state"] == "initial"]
    assert set(fresh["images"]) == {7} and set(table["images"]) == {7, 20}
    assert len(notes) == 1 and "on the first 7 images" in notes[0]
    # What is there is handed over after each network.
    assert [len(part) for part in tables] == sorted({len(part) for part in tables})
    assert len(tables) == 3 and tables[0]["wiring"].unique().tolist() == ["original"]


def test_where_fewer_fit_than_have_an_error_there_is_no_fresh_network():
    taken, notes = images.take("embedded", count=20), []
    found = subject.Subject("mine", Norms(), taken, Norms)
    table = measuring.measure(found, [perturbed(taken.normalized())], memory=1e-9, notes=notes)
    assert set(table["state"]) == {"trained"}
    assert notes == [
        "there is no freshly initialised network: the memory holds 0 images at once, of 4 at least"
    ]
