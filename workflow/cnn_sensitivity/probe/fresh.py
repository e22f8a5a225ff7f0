"""The network with fresh weights, where its weights can be drawn anew: checked, not believed."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune
from torch.nn.utils.weight_norm import WeightNorm

from cnn_sensitivity.base.copying import copied
from cnn_sensitivity.base.errors import UserError, in_one_line
from cnn_sensitivity.base.seeds import derive_seed

_RESETS = ("reset_parameters", "_reset_parameters")
_POWER_ITERATIONS = 50  # of a spectral norm, whose vectors are of the weights before
_NAMED = 3


def built_anew(name: str, make: Callable[[int], nn.Module], seed: int) -> nn.Module:
    """Return the network that `make` builds with a seed, if its weights follow from the seed.

    Two seeds must give two values of each weight that training changes, or one number throughout,
    as ones and zeros are. Raises UserError with the names of others: they were loaded, or the
    network sets a seed of its own.
    """
    first = make(derive_seed("probe", name, seed))
    second = dict(_trained(make(derive_seed("probe", name, seed, "again"))))
    same = [
        path
        for path, tensor in _trained(first)
        if path not in second or (_is_drawn(tensor) and torch.equal(tensor, second[path]))
    ]
    if same:
        raise UserError(
            f"built with two seeds, it has the same {_listed(same)}: weights that it loads, or a"
            " seed of its own"
        )
    return first


def drawn_anew(name: str, network: nn.Module, seed: int) -> nn.Module:
    """Return a copy in which each module has drawn its weights anew, as PyTorch's modules do.

    Under weight norm, pruning and parametrisations that can be inverted those that they are
    computed from. Raises UserError with the names of weights that nothing draws, or if the network
    cannot be copied.
    """
    fresh = copied(network).eval()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        for _, tensor in _trained(fresh):
            tensor.fill_(torch.nan)  # what stays so was not drawn
        torch.manual_seed(derive_seed("probe", name, seed, "anew"))
        for module in reversed(list(fresh.modules())):
            try:
                _draw(module)
            except Exception as error:  # whatever a module of the user's own raises
                problem = in_one_line(error)
                raise UserError(f"{type(module).__name__} cannot be drawn ({problem})") from error
    left = [path for path, tensor in _trained(fresh) if tensor.isnan().any()]
    if left:
        raise UserError(f"no reset_parameters draws its {_listed(left)}")
    return fresh


def _trained(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the weights that training changes, by name.

    Not those that are held constant in a module that never draws: they are part of what it is.
    """
    for path, module in network.named_modules():
        draws = any(hasattr(module, each) for each in _RESETS)
        for name, tensor in module.named_parameters(path, recurse=False):
            if (draws or tensor.requires_grad) and tensor.is_floating_point():
                yield name, tensor


def _is_drawn(tensor: Tensor) -> bool:
    """Return whether a tensor is more than one number throughout."""
    return bool((tensor != tensor.flatten()[:1].reshape([1] * tensor.ndim)).any())


def _draw(module: nn.Module) -> None:
    reset = next((getattr(module, each) for each in _RESETS if hasattr(module, each)), None)
    if reset is None:
        return
    if parametrize.is_parametrized(module):
        _draw_parametrised(module)
        return
    norms = [each for each in module._forward_pre_hooks.values() if isinstance(each, WeightNorm)]
    pruned = [
        each._tensor_name
        for each in module._forward_pre_hooks.values()
        if isinstance(each, prune.BasePruningMethod)
    ]
    # The tensors that the weight is computed from stand in its place while it is drawn.
    for each in norms:
        vars(module)[each.name] = getattr(module, f"{each.name}_v").data
    for name in pruned:
        vars(module)[name] = getattr(module, f"{name}_orig").data
    reset()
    for each in norms:
        direction = getattr(module, f"{each.name}_v")
        size = torch.norm_except_dim(direction, 2, each.dim)
        getattr(module, f"{each.name}_g").copy_(size)
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm | prune.BasePruningMethod):
            hook(module, None)


def _draw_parametrised(module: nn.Module) -> None:
    """Draw what a module without its parametrisations would, and assign it through these."""
    names = list(module.parametrizations)  # type: ignore[arg-type]
    plain: nn.Module = object.__new__(
        type(module).__mro__[1]
    )  # the class before it was parametrised
    vars(plain).update(vars(module), _modules={})
    computed = {name: nn.Parameter(torch.empty_like(getattr(module, name))) for name in names}
    plain._parameters = {**module._parameters, **computed}
    _draw(plain)
    for name, tensor in computed.items():
        setattr(module, name, tensor.data)
    module.train()
    for name in names * _POWER_ITERATIONS:
        getattr(module, name)
    module.eval()


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
