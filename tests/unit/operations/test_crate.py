"""What an archive says of itself: every file, and only files that are there (RO-Crate 1.3)."""

import hashlib
import json
import tarfile
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from archive_cases import CONFIG, SMOKE, contents, finish, seal, write
from checkout import ROOT
from rocrate.rocrate import ROCrate

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import read
from cnn_sensitivity.operations import archive, crate
from cnn_sensitivity.papers import paper_of
from cnn_sensitivity.plan import Plan

METADATA = "smoke/ro-crate-metadata.json"
SOFTWARE = "commit     3bd1696\ncommitted  2026-11-26\ntorch      2.15.0\nsystem     Linux\n"
Entities = dict[str, dict[str, Any]]


def entities(path: Path) -> Entities:
    graph = json.loads(contents(path)[METADATA])["@graph"]
    assert len({each["@id"] for each in graph}) == len(graph)
    return {each["@id"]: each for each in graph}


def references(value: Any) -> set[str]:
    """Return the names of all entities that a value refers to."""
    if isinstance(value, dict) and set(value) == {"@id"}:
        return {value["@id"]}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return {name for each in inner for name in references(each)}


def test_it_is_a_crate_with_a_root(packed: Path) -> None:
    whole = json.loads(contents(packed)[METADATA])
    assert whole["@context"] == "https://w3id.org/ro/crate/1.3/context"
    found = entities(packed)
    descriptor, root = found["ro-crate-metadata.json"], found["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.3"}
    assert descriptor["about"] == {"@id": "./"}
    assert root["@type"] == "Dataset"
    assert root["name"] == "The run smoke of a replication of Tomasini, Petrini, Cagnetta and Wyart"
    assert {"description", "datePublished", "license", "hasPart"} <= set(root)
    assert all(each["@type"] for each in found.values())


def test_every_file_is_described_and_every_described_file_is_there(packed: Path) -> None:
    found = entities(packed)
    described = {name for name, each in found.items() if each["@type"] == "File"}
    files = {name.partition("/")[2] for name in contents(packed)}
    assert set(map(unquote, described)) == files - {"ro-crate-metadata.json"}
    assert references(found["./"]["hasPart"]) == described


def test_sizes_and_checksums_are_those_of_the_files(packed: Path) -> None:
    files, found = contents(packed), entities(packed)
    checked = 0
    for name, each in found.items():
        if each["@type"] == "File" and name != "SHA256SUMS":
            content = files[f"smoke/{unquote(name)}"]
            assert each["sha256"] == hashlib.sha256(content).hexdigest(), name
            assert each["contentSize"] == str(len(content)), name
            checked += 1
    assert checked == len(files) - 2
    assert f"{hashlib.sha256(files[METADATA]).hexdigest()}  ro-crate" in (
        files["smoke/SHA256SUMS"].decode()
    )


def test_all_that_is_referred_to_is_described(packed: Path) -> None:
    found = entities(packed)
    outside = {"https://w3id.org/ro/crate/1.3"}  # the specification
    for name, each in found.items():
        assert references(each) - {name} <= set(found) | outside, name


def test_it_says_what_went_in_and_what_came_out(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(packed.parent / "there")
    Path(plan.results, "software.txt").write_text(SOFTWARE)
    data = Path(plan.dataset("images"))
    data.parent.mkdir()
    data.write_text("images")
    archive.pack(plan, packed)
    found = entities(packed)
    assert found["./"]["datePublished"] == "2026-11-26"
    assert found["./"]["isBasedOn"] == {"@id": f"https://arxiv.org/abs/{paper_of(plan).arxiv}"}
    assert found["#workflow"]["version"] == "3bd1696"
    assert found["#torch"]["softwareVersion"] == "2.15.0"
    assert references(found["#workflow"]["softwareRequirements"]) == {"#torch"}
    assert found["#data-images"]["sha256"] == hashlib.sha256(b"images").hexdigest()
    others = set(plan.config.experiments) - {"images"}
    assert others and all("sha256" not in found[f"#data-{name}"] for name in others)
    taken = {f"#data-{name}" for name in plan.config.experiments}
    run = found["#run"]
    assert references(run["object"]) == taken | {"results/smoke/config.yaml"}
    assert "paper_figures/smoke/figure_03.png" in references(run["result"])
    assert plan.table("theory") in references(run["result"])
    picture = found["paper_figures/smoke/figure_03.png"]
    assert picture["encodingFormat"] == "image/png"
    assert picture["description"].startswith("Figure 3: ")


def test_a_run_that_was_drawn_again_is_packed_to_the_same_bytes(
    plan: Plan, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its data sets are not there; their checksums came with the archive."""
    monkeypatch.chdir(packed.parent / "there")
    data = Path(plan.dataset("images"))
    data.parent.mkdir()
    data.write_text("images")
    archive.pack(plan, packed, figures=False)
    listed = contents(packed)["smoke/results/smoke/inputs.sha256"].decode()
    assert listed == f"{hashlib.sha256(b'images').hexdigest()}  {data}\n"
    monkeypatch.chdir(packed.parent / "here")
    archive.unpack(packed)
    archive.pack(plan, "again.tar.gz", figures=False)
    assert Path("again.tar.gz").read_bytes() == packed.read_bytes()
    Path(plan.results, "inputs.sha256").write_text("no list")
    with pytest.raises(UserError, match=r"no readable inputs\.sha256"):
        archive.pack(plan, "again.tar.gz", figures=False)


def test_weights_of_others_went_in_with_their_checksum(plan: Plan) -> None:
    text = f"""
experiments:
  images:
    networks:
      - {{name: VGG11, label: A+b, weights: {{url: "https://x.y/z.pt", sha256: {"ab" * 32}}}}}
      - {{name: LeNet, weights: {{url: "https://x.y/l.pt", sha256: abcdef01}}}}
      - {{name: AlexNet, weights: mine.pt}}
"""
    Path("over.yaml").write_text(text)
    mine = Plan(read(*SMOKE, "over.yaml"))
    files, inputs = {archive.config_file(mine): (1, "0")}, {"mine.pt": "cd" * 32}
    described = json.loads(crate.describe(mine, files, inputs))
    weights = [each for each in described["@graph"] if each["@id"].startswith("#weights-")]
    assert [each.get("sha256") for each in weights] == ["ab" * 32, None, "cd" * 32]
    assert [each.get("url") for each in weights] == ["https://x.y/z.pt", "https://x.y/l.pt", None]
    assert weights[2]["description"] == "The file mine.pt"


def test_a_run_that_noted_no_date_has_that_of_the_release(packed: Path) -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert entities(packed)["./"]["datePublished"] == str(cited["date-released"]) == crate.RELEASED


def test_the_library_reads_it_with_nothing_to_remark(packed: Path, tmp_path: Path) -> None:
    with tarfile.open(packed) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = ROCrate(tmp_path / "out/smoke")
    assert whole.version == crate.VERSION
    assert len(whole.data_entities) == len(contents(packed)) - 1
    assert all(
        (tmp_path / "out/smoke" / unquote(each.id)).is_file() for each in whole.data_entities
    )


def test_an_archive_without_it_is_unpacked(packed: Path, plan: Plan) -> None:
    files = contents(packed)
    del files[METADATA]
    write(packed, seal(files))
    assert archive.unpack(packed) == plan
    assert Path(CONFIG.removeprefix("smoke/")).is_file()


def test_it_is_not_put_in_place(packed: Path) -> None:
    archive.unpack(packed)
    assert not list(Path().rglob("ro-crate*"))


def test_an_unfinished_figure_is_no_part_of_it(plan: Plan, tmp_path: Path) -> None:
    finish(plan)
    archive.pack(plan, "least.tar.gz", figures=False)
    assert not any("paper_figures" in name for name in entities(Path("least.tar.gz")))
