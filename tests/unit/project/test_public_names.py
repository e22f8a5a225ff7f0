"""What one module of the package uses of another is public."""

import ast
from collections.abc import Iterator

import pytest
from checkout import ROOT

PACKAGE = ROOT / "workflow/cnn_sensitivity"
FILES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_names(source: str) -> Iterator[str]:
    """Yield the private names that a module takes from modules of this package."""
    modules = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        own = isinstance(node, ast.ImportFrom) and (
            node.level or str(node.module).startswith("cnn_sensitivity")
        )
        if own or isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names}
    yield from filter(is_private, modules)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            name = ast.unparse(node.value)
            if name in modules:
                yield f"{name}.{node.attr}"


@pytest.mark.parametrize("file", FILES)
def test_no_module_uses_private_names_of_another(file: str) -> None:
    assert not list(private_names((PACKAGE / file).read_text()))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from cnn_sensitivity.tasks import folder\nfolder._decode(1)", ["folder._decode"]),
        ("from . import folder as f\nf._decode(1)", ["f._decode"]),
        ("import cnn_sensitivity.a\ncnn_sensitivity.a._b", ["cnn_sensitivity.a._b"]),
        ("from .folder import _decode", ["_decode"]),
        ("from torch.nn.modules.conv import _ConvNd\nfrom . import a\na.__file__\na.b._c", []),
    ],
)
def test_private_names_are_found(source: str, found: list[str]) -> None:
    assert list(private_names(source)) == found
