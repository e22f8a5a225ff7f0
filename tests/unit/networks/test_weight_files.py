"""Published files of weights: found by hand or downloaded, and held against their digest."""

from urllib.error import URLError

import pytest
from dataset_cases import alter, serve, sha256
from pydantic import ValidationError

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import WeightFile
from cnn_sensitivity.config.sentences import describe
from cnn_sensitivity.networks import weight_files

CONTENT = b"weights"
DIGEST = sha256(CONTENT)
URL = f"https://host/raw/resnet20-{DIGEST[:8]}.th"


@pytest.mark.parametrize("digits", [8, 12, 64])
def test_a_file_is_downloaded_once(tmp_path, monkeypatch, digits):
    asked = serve(monkeypatch, {URL.rpartition("/")[2]: CONTENT})
    weights = WeightFile(url=URL, sha256=DIGEST[:digits].upper())
    for _ in range(2):
        path = weight_files.find(weights, tmp_path)
        assert path == tmp_path / "checkpoints" / f"resnet20-{DIGEST[:8]}.th"
        assert path.read_bytes() == CONTENT
    assert asked == [URL]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (URL, f"resnet20-{DIGEST[:8]}.th"),
        ("https://host/a/model_best.pth.tar", f"model_best.pth-{DIGEST[:8]}.tar"),
        ("https://host/a/weights?raw=true", f"weights-{DIGEST[:8]}"),
    ],
)
def test_files_of_one_name_lie_beside_each_other(url, name):
    assert WeightFile(url=url, sha256=DIGEST).name == name


def test_a_file_that_was_put_there_by_hand_is_taken(tmp_path, monkeypatch):
    serve(monkeypatch, URLError("no network"))
    weights = WeightFile(url=URL, sha256=DIGEST[:8])
    with pytest.raises(UserError, match=f"no network.*put .*{DIGEST[:8]}.th from {URL} into"):
        weight_files.find(weights, tmp_path)
    (tmp_path / "checkpoints").mkdir(exist_ok=True)
    (tmp_path / "checkpoints" / weights.name).write_bytes(CONTENT)
    assert weight_files.find(weights, tmp_path).read_bytes() == CONTENT


def test_a_wrong_digest_is_refused(tmp_path, monkeypatch):
    serve(monkeypatch, {URL.rpartition("/")[2]: b"others"})
    weights = WeightFile(url=URL, sha256=DIGEST[:8])
    with pytest.raises(UserError, match="wrong SHA-256"):
        weight_files.find(weights, tmp_path)
    assert not list((tmp_path / "checkpoints").iterdir())
    path = tmp_path / "checkpoints" / weights.name
    path.write_bytes(CONTENT)
    alter(path)
    with pytest.raises(UserError, match=f"not with {DIGEST[:8]}; delete it and run again"):
        weight_files.find(weights, tmp_path)


def test_a_file_on_this_disk_may_have_a_digest(tmp_path):
    path = tmp_path / "weights.pt"
    for digest in (None, DIGEST[:9]):
        weights = WeightFile(path=str(path), sha256=digest)
        path.write_bytes(CONTENT)
        assert weight_files.find(weights, "elsewhere") == path
    path.write_bytes(b"others")
    with pytest.raises(UserError, match="get it anew, or correct sha256"):
        weight_files.find(weights, "elsewhere")
    path.unlink()
    with pytest.raises(UserError, match="no such file"):
        weight_files.find(weights, "elsewhere")


def test_a_text_is_a_path(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert WeightFile.model_validate("~/a.pt").path == "/home/somebody/a.pt"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"url": URL}, "a url needs sha256"),
        ({"sha256": DIGEST}, "give either the path of a file, or its url and sha256"),
        ({"url": URL, "path": "a", "sha256": DIGEST}, "give either the path"),
        ({"url": URL, "sha256": 12345678}, "sha256: put the digits in quotes"),
        ({"url": URL, "sha256": "1234567"}, "sha256: string should match pattern"),
        ({"url": URL, "sha256": "xyzxyzxy"}, "sha256: string should match pattern"),
        ({"url": "http://host/a.pt", "sha256": DIGEST}, "url: string should match pattern"),
        ({"url": "https://host/", "sha256": DIGEST}, "must end with the name of a file"),
        ({"url": "https://host/..", "sha256": DIGEST}, "must end with the name of a file"),
        ({"url": URL, "sha265": DIGEST}, "sha265: unknown key; did you mean 'sha256'?"),
        (3, "valid dictionary"),
    ],
)
def test_what_cannot_be_a_file_of_weights_is_said(value, says):
    with pytest.raises(ValidationError) as raised:
        WeightFile.model_validate(value)
    assert says in describe(raised.value, WeightFile)
