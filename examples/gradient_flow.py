"""Follow the gradient flow of any network of one output to its end.

python examples/gradient_flow.py
"""

import torch

from cnn_sensitivity.engines import gradient_flow

torch.manual_seed(0)
inputs = torch.randn(128, 5, dtype=torch.float64)  # put real points here
targets = torch.where(inputs[:, 0] > 0.3, 1.0, -1.0)
network = torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
loss = gradient_flow.SoftHinge()
fit = gradient_flow.fit(network, inputs, targets, alpha=1.0, loss=loss)
print(fit.path.tail(1).to_string(index=False), "stopped because:", fit.stopped_because)
print("share of errors:", float((fit.predictor()(inputs).sign() != targets).double().mean()))
