"""What tests of files of weights share: a small network, its tensors, and a way through a file."""

from collections import OrderedDict

import torch
from torch import nn

from cnn_sensitivity.networks import state_dicts
from cnn_sensitivity.networks.weight_contents import contents
from cnn_sensitivity.networks.weight_names import fitting


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        OrderedDict(
            features=nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
            pool=nn.AdaptiveAvgPool2d(1),
            flat=nn.Flatten(),
            fc=nn.Linear(4, 5),
        )
    )


def tensors(seed=0):
    return network(seed).state_dict()


def zipped(content, path):
    torch.save(content, path)


def legacy(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


def equal(one, other):
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


def loaded(path, content, key=None):
    """Save, find and load: the network's tensors, and what is said."""
    torch.save(content, path)
    taken = network(seed=9)
    given, notes = fitting(contents(path), taken.state_dict(), "w.pt", key)
    notes += state_dicts.load(taken, given, "w.pt").notes("w.pt")
    return taken.state_dict(), notes
