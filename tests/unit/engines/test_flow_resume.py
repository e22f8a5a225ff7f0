"""A flow that is taken up again is the uninterrupted one, to the bit."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from flow_cases import network, points

from cnn_sensitivity.engines import gradient_flow
from cnn_sensitivity.engines.gradient_flow import Fit, Interrupted, Saving, Settings, SoftHinge


def flow(saving: Saving | None = None, alpha: float = 0.01, budget: int = 10_000) -> list[Fit]:
    inputs = torch.stack([points(seed)[0] for seed in range(2)])
    targets = torch.stack([points(seed)[1] for seed in range(2)])
    return gradient_flow.fit_members(
        [network(0), network(1)],
        inputs,
        targets,
        alpha=alpha,
        loss=SoftHinge(),
        settings=Settings(stop=0.4, shares=(0.3,), budget=budget),
        observables={"norm": lambda p: float(p.network.output.weight.norm())},
        saving=saving,
    )


class After:
    """Says True after so many steps."""

    def __init__(self, steps: int):
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_an_interrupted_flow_goes_on_to_the_bit(tmp_path: Path) -> None:
    whole, path = flow(), tmp_path / "flow.safetensors"
    for steps in (0, 3, 15, 15):
        with pytest.raises(Interrupted, match="goes on"):
            flow(Saving(path, interrupted=After(steps)))
    for resumed, undisturbed in zip(flow(Saving(path)), whole, strict=True):
        pd.testing.assert_frame_equal(resumed.path, undisturbed.path, check_exact=True)
        assert resumed.stopped_because == undisturbed.stopped_because == "fitted"
        assert list(resumed.states) == list(undisturbed.states)
        for name, state in undisturbed.states.items():
            assert all(torch.equal(resumed.states[name][key], x) for key, x in state.items())


def test_a_state_of_other_settings_or_a_damaged_one_is_ignored_and_said(tmp_path: Path) -> None:
    path, said = tmp_path / "flow.safetensors", []
    with pytest.raises(Interrupted):
        flow(Saving(path, interrupted=After(3)), alpha=0.02)
    with pytest.raises(Interrupted):
        flow(Saving(path, interrupted=After(0), log=said.append))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Interrupted):
        flow(Saving(path, interrupted=After(0), log=said.append))
    assert "other settings" in said[0]
    assert "starts anew" in said[1]


def test_a_flow_saves_its_state_when_it_is_time(tmp_path: Path) -> None:
    path = tmp_path / "flow.safetensors"
    flow(Saving(path, seconds=0), budget=20)
    assert path.exists()
