"""Compression and the tangent kernel of networks on points, against closed forms."""

import numpy as np
import pytest
import torch
from torch import nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines.kernel import EmpiricalTangentKernel, support_vectors
from cnn_sensitivity.measures import tangent_kernel
from cnn_sensitivity.measures.base import Learned, Seen
from cnn_sensitivity.measures.compression import SHIFT, Compression, compression, shifted
from cnn_sensitivity.measures.tangent_kernel import TangentKernel, spectrum
from cnn_sensitivity.networks.ntk_fully_connected import ntk_fully_connected
from cnn_sensitivity.networks.scaled_change import ScaledChange
from cnn_sensitivity.tasks.points import signed
from cnn_sensitivity.tasks.points.signed import Signed
from cnn_sensitivity.tasks.points.stripe import stripe


def drawn(seed: int, points: int) -> Signed:
    x, y = stripe(np.random.default_rng(seed), points, 3)
    return Signed(torch.from_numpy(x), torch.from_numpy(y))


def test_lambda_is_the_ratio_of_weights_per_coordinate() -> None:
    layer = nn.Linear(3, 2, dtype=torch.float64)
    layer.weight.data = torch.tensor([[3.0, 1.0, 0.0], [4.0, 0.0, 1.0]], dtype=torch.float64)
    # rms of (3, 4) over rms of (1, 0, 0, 1).
    assert compression(layer, 1) == pytest.approx(np.sqrt(12.5 / 0.5))
    assert np.isnan(compression(nn.ReLU(), 1))


def test_shifts_of_a_linear_function() -> None:
    """f = w.x: |f(x + s e_i) - f(x)|^2 = (s w_i)^2 over 2 Var f, exactly."""
    points, layer = drawn(0, 50).inputs, nn.Linear(3, 1, dtype=torch.float64)
    with torch.no_grad():
        changes = shifted(layer, points)
        outputs = layer(points).numpy()[:, 0]
    squares = (SHIFT * layer.weight.detach().numpy()[0]) ** 2
    pairs = ((outputs[:, None] - outputs) ** 2).mean()
    np.testing.assert_allclose(changes.numpy(), squares / pairs)
    with torch.no_grad():
        rows = Compression(1).rows(Seen(layer, (3,), (points,)))
    values = {row["quantity"]: row["value"] for row in rows}
    assert values["D_ratio"] == pytest.approx(squares[1:].mean() / squares[0])


def test_of_a_constant_output_there_is_no_sensitivity() -> None:
    layer = nn.Linear(3, 1, dtype=torch.float64)
    nn.init.zeros_(layer.weight)
    with torch.no_grad():
        rows = Compression(1).rows(Seen(layer, (3,), (drawn(0, 10).inputs,)))
    assert {row["quantity"] for row in rows if np.isnan(row["value"])} >= {"D_ratio"}


@pytest.mark.parametrize("shape", [(5, 1, 4, 4), (5, 1)])
def test_compression_is_of_points(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="^compression: of inputs"):
        Compression(1).check(torch.zeros(shape))


def test_the_spectrum_is_that_of_the_gram_matrix() -> None:
    network = ntk_fully_connected(3, 100).double()  # wide enough for no mode to be zero
    points = drawn(1, 20)
    with torch.no_grad():
        values, shares = spectrum(EmpiricalTangentKernel(network), points)
        gram = EmpiricalTangentKernel(network)(points.inputs, points.inputs).numpy()
    expected, vectors = np.linalg.eigh(gram)
    np.testing.assert_allclose(values, expected[::-1] / np.trace(gram), atol=1e-12)
    exact = (vectors.T @ points.targets.numpy()) ** 2 / 20
    np.testing.assert_allclose(shares, exact[::-1], atol=1e-6)
    assert shares.sum() == pytest.approx(1)


def test_the_kernel_learns_as_a_machine_on_it() -> None:
    """Of a state and of the initial network on stretched points, each fitted by hand."""
    initial, trained = (ntk_fully_connected(3, 30).double() for _ in range(2))
    change = ScaledChange(initial, 1e-3)
    change.network = trained
    training, test = drawn(2, 25), drawn(3, 200)
    seen = Seen(change, (3,), (test.inputs,), None, Learned(training, test))
    with torch.no_grad():
        rows = TangentKernel(1).rows(seen)
        values = {row["quantity"]: row["value"] for row in rows if "mode" not in row}
        factor = compression(trained, 1)

        def wrong(network: nn.Module, by: float) -> float:
            scale = torch.tensor([1, 1 / by, 1 / by], dtype=torch.float64)
            kernel = EmpiricalTangentKernel(network.requires_grad_(True))
            machine = support_vectors(kernel, training.inputs * scale, training.targets)
            return signed.error(machine(test.inputs * scale), test.targets)

        assert values["kernel_error"] == pytest.approx(wrong(trained, 1.0))
        assert values["stretched_error"] == pytest.approx(wrong(initial, factor))
    modes = [row["mode"] for row in rows if row["quantity"] == "eigenvalue"]
    assert modes == list(range(1, min(25, tangent_kernel.MODES) + 1))


def test_a_machine_has_no_tangent_kernel() -> None:
    points = drawn(4, 10)
    kernel = EmpiricalTangentKernel(ntk_fully_connected(3, 10).double())
    machine = support_vectors(kernel, points.inputs, points.targets)
    machine.kernel = nn.Identity()
    seen = Seen(machine, (3,), (points.inputs,), None, Learned(points, points))
    with pytest.raises(UserError, match="^tangent_kernel: of a network with weights"):
        TangentKernel(1).rows(seen)
