"""Stand-ins for what a checkpoint holds beside tensors: of its classes nothing is executed.

A pickle names the class of each object, what to call it with, and what state to give it. Of a
class that is not known to be plain data a stand-in is called, which takes anything and does
nothing. Networks that were pickled whole are states of such objects; their tensors are found there.
"""

import re
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

_REFUSED = re.compile(r"GLOBAL (\S+) was not an allowed")
_NO_OBJECT = re.compile(r"Can only (\w+) .*<class 'stand_in\.(\S+)'>")
# A class by the custom of its name; what else is called may be a function.
_CLASS = re.compile(r"(\w+\.)+_*[A-Z]\w*")
# What a network's state is told by.
_PARTS = ("_parameters", "_buffers", "_modules")


class Object:
    """Takes the place of an object: `state` is what it would have been given."""

    state: Any = None

    def __new__(cls, *arguments: Any, **named: Any) -> "Object":
        return object.__new__(cls)

    def __init__(self, *arguments: Any, **named: Any) -> None: ...

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Dict:
    """Makes a dict in place of one of a kind of its own."""

    def __new__(cls, *arguments: Any) -> OrderedDict[Any, Any]:  # type: ignore[misc]
        return OrderedDict()  # which PyTorch gives a state


class _List:
    """Makes a list in place of one of a kind of its own."""

    def __new__(cls, *arguments: Any) -> list[Any]:  # type: ignore[misc]
        return []


class StandIns:
    """The classes of one file that have a stand-in: those that PyTorch has refused so far."""

    def __init__(self) -> None:
        self._made: dict[str, type] = {}

    def allowed(self) -> list[tuple[type, str]]:
        """Return them as `torch.serialization.safe_globals` takes them."""
        return [(each, name) for name, each in self._made.items()]

    def last(self) -> str:
        """Return the class that was met last, or ""."""
        return next(reversed(self._made), "")

    def take(self, refusal: str) -> bool:
        """Make a stand-in for what an error of PyTorch names; return whether there is a new one."""
        if refused := _REFUSED.search(refusal):
            return (name := _class(refused[1])) is not None and self._add(name, Object)
        if no_object := _NO_OBJECT.search(refusal):
            what, name = no_object.groups()
            return self._add(name, _Dict if what.startswith("SETITEM") else _List)
        return False

    def _add(self, name: str, kind: type) -> bool:
        known = self._made.get(name)
        if known is not None and issubclass(known, kind):
            return False
        self._made[name] = type(name, (kind,), {"__module__": "stand_in"})
        return True


def _class(refused: str) -> str | None:
    """Return the whole name of a refused class, of Python or of others; None of a function."""
    module, _, name = refused.rpartition(".")
    module = module or "builtins"  # which PyTorch leaves away
    if module.partition(".")[0] in sys.stdlib_module_names and module in sys.modules:
        is_class = isinstance(getattr(sys.modules[module], name, None), type)
    else:
        is_class = _CLASS.fullmatch(refused) is not None
    return f"{module}.{name}" if is_class else None


def state_dict(what: Any) -> dict[str, Tensor] | None:
    """Return the tensors of a network that was pickled whole, by name; None of anything else."""
    if not _is_network(what):
        return None
    return dict(_named(what, "", set()))


def _is_network(what: Any) -> bool:
    if not isinstance(what, Object) or not isinstance(what.state, Mapping):
        return False
    return all(isinstance(what.state.get(part), Mapping) for part in _PARTS)


def _named(network: Object, prefix: str, above: set[int]) -> Iterator[tuple[str, Tensor]]:
    if id(network) in above:  # a hostile pickle may hold itself
        return
    parameters, buffers, modules = (network.state[part] for part in _PARTS)
    not_kept = network.state.get("_non_persistent_buffers_set", ())
    for name, tensor in (*parameters.items(), *buffers.items()):
        if isinstance(tensor, Tensor) and name not in not_kept:
            yield f"{prefix}{name}", tensor
    for name, module in modules.items():
        if _is_network(module):
            yield from _named(module, f"{prefix}{name}.", {*above, id(network)})
