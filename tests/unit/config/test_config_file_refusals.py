"""A file of a configuration: what is refused before any value is looked at."""

from pathlib import Path

import pytest
from config_cases import ROOT

from cnn_sensitivity import config
from cnn_sensitivity.base.errors import UserError


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[1, 2]", "must hold a mapping"),
        ("", "must hold a mapping"),
        ("run: [", "cannot be read as YAML"),
        ("\x00", "cannot be read as YAML"),
        (f"seed: {'1' * 5000}", "cannot be read as YAML: .*4300 digits"),
        ("run: 2026-13-45", "cannot be read as YAML: month must be in 1..12"),
        ('seed: !!int "abc"', "cannot be read as YAML: invalid literal"),
        ('run: !!timestamp "abc"', "cannot be read as YAML"),
        (f"run: {'[' * 3000}{']' * 3000}", "cannot be read as YAML: it is nested too deeply"),
        ("run: a\nseed: 0\nrun: b", "line 3: the key 'run' is there twice"),
        ("figures: {figure_03: [], 'figure_03': []}", "line 1: the key 'figure_03' is there twice"),
    ],
    ids=lambda text: text[:20],
)
def test_a_file_that_holds_no_configuration_is_refused_in_one_sentence(
    tmp_path: Path, content: str, says: str
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=rf"broken\.yaml: {says}") as refused:
        config.read(path)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("content", ["run: &a [*a]", "experiments: &a {images: *a}"])
def test_a_value_that_holds_itself_is_refused_in_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(content)
    with pytest.raises(UserError) as refused:
        config.read(ROOT / "config.yaml", path, path)
    assert str(refused.value).isprintable()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml: there is no such file"):
        config.read(tmp_path / "nowhere.yaml")
