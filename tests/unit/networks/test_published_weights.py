"""Published weights over the network: from `weights: {url, sha256}` to a checkpoint or a sentence.

The server is one of this machine's own, over TLS as the configuration demands.
"""

import re
import shutil
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import training_cases as cases
from dataset_cases import alter, sha256
from https_server import (
    TRUSTED,
    Answer,
    hangs_up,
    make_certificate,
    redirects,
    says,
    sends,
    serving,
    stops_within_a_chunk,
    streams,
)

from cnn_sensitivity import checkpoints, networks
from cnn_sensitivity.cli import main
from cnn_sensitivity.config import WeightFile, parse
from cnn_sensitivity.config.fits import Adopted
from cnn_sensitivity.operations.availability import unavailable
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tasks import store

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="makes its certificate")

IMAGES = cases.images(size=16, channels=3)
FILE = "/files/resnet20.th"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a ResNet20's weights, as their authors would publish it."""
    torch.manual_seed(0)
    network = networks.build("ResNet20", in_channels=3, num_classes=3, width=0.25)
    path = tmp_path_factory.mktemp("weights") / "weights.th"
    torch.save({"state_dict": network.state_dict()}, path)
    return path.read_bytes()


@pytest.fixture(autouse=True)
def _trusting(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUSTED, str(certificate[0]))
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setattr(urllib.request, "_opener", None)  # it may know other certificates


class Adoption:
    """The rule `adopt` in a folder of its own."""

    def __init__(self, folder: Path, url: str, digest: str) -> None:
        self.weights = WeightFile(url=url, sha256=digest)
        self.root, self.dataset = folder / "data", folder / "images.safetensors"
        self.made = {name: folder / "made" / name for name in ("checkpoint", "table")}
        self.file = self.root / "checkpoints" / self.weights.name
        if not self.dataset.exists():
            store.save(IMAGES, self.dataset, "images")

    def run(self) -> None:
        """Call the command line as the rule does."""
        chosen = cases.settings({"name": "ResNet20", "width": 0.25})
        settings = chosen.model_copy(update={"fit": Adopted(weights=self.weights)}).to_json()
        given = {"settings": settings, "dataset": self.dataset, "root": self.root, **self.made}
        main(["fit", "--gpus=0", *(f"--{key}={value}" for key, value in given.items())])

    def is_refused(self, capsys: pytest.CaptureFixture[str], kept: bool = False) -> str:
        """Return the one sentence with which it ends, with status 2 and nothing written.

        `kept`: of what was downloaded before, or put there by hand, nothing is taken away.
        """
        with pytest.raises(SystemExit) as ended:
            self.run()
        assert ended.value.code == 2
        said = capsys.readouterr()
        assert re.fullmatch(r"error: [^\n]+\n", said.err) and not said.out
        left = [path for path in self.root.rglob("*") if path.is_file()]
        assert left == ([self.file] if kept else [])
        assert not any(path.exists() for path in self.made.values())
        return said.err


def test_a_published_network_is_downloaded_once_and_adopted(tmp_path, certificate, content):
    with serving({FILE: sends(content)}, certificate) as (server, asked):
        adoption = Adoption(tmp_path, server + FILE, sha256(content)[:8])
        for _ in range(2):
            adoption.run()
        assert asked == [FILE]
    assert adoption.file.read_bytes() == content
    adopted = checkpoints.load(adoption.made["checkpoint"])
    assert adopted.settings.fit.weights.sha256 == sha256(content)
    torch.manual_seed(0)
    expected = networks.build("ResNet20", in_channels=3, num_classes=3, width=0.25).state_dict()
    found = adopted.network(0, "last").state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


@pytest.mark.parametrize("where", ["/elsewhere/resnet20", "https"])
def test_a_download_may_be_elsewhere(tmp_path, certificate, content, where):
    answers = {"/elsewhere/resnet20": sends(content)}
    with serving(answers, certificate) as (server, asked):
        answers[FILE] = redirects(where.replace("https", f"{server}/elsewhere/resnet20"))
        adoption = Adoption(tmp_path, server + FILE, sha256(content))
        adoption.run()
    assert asked == [FILE, "/elsewhere/resnet20"]
    assert adoption.file.read_bytes() == content  # under the name that the configuration gives it


# What a server does with the file, and what is said of it.
FAILURES: dict[str, tuple[Callable[[bytes], Answer], str]] = {
    "another file": (lambda content: sends(content[::-1]), "has a wrong SHA-256; put"),
    "an empty file": (lambda content: sends(b""), "has a wrong SHA-256; put"),
    "half of it": (
        lambda content: sends(content[: len(content) // 2], len(content)),
        r"broke off after \d+ of \d+ bytes; run again, or put",
    ),
    "half of it, of unknown length": (
        lambda content: streams(content[: len(content) // 2]),
        "has a wrong SHA-256; put",
    ),
    "half of a chunk": (
        lambda content: stops_within_a_chunk(content[:1000]),
        "cannot be downloaded .*IncompleteRead.*; put",
    ),
    "no such file": (lambda _: says(404), "cannot be downloaded .HTTP Error 404: Not Found.; put"),
    "no right to it": (lambda _: says(403), "cannot be downloaded .HTTP Error 403: Forbidden."),
    "a mistake": (lambda _: says(500), "cannot be downloaded .HTTP Error 500"),
    "silence": (lambda _: hangs_up, "cannot be downloaded .*closed connection.*; put"),
    "a loop": (lambda _: redirects(FILE), "cannot be downloaded .*infinite loop.*; put"),
    "nowhere": (lambda _: redirects("ftp:/x"), "cannot be downloaded .*; put"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_goes_wrong_is_said_in_a_sentence(tmp_path, capsys, certificate, content, failure):
    answer, says_of_it = FAILURES[failure]
    with serving({FILE: answer(content)}, certificate) as (server, _):
        adoption = Adoption(tmp_path, server + FILE, sha256(content))
        sentence = adoption.is_refused(capsys)
    assert re.search(says_of_it, sentence)
    assert f"put {adoption.file.name} from {server}{FILE} into {adoption.file.parent}" in sentence
    adoption.file.write_bytes(content)  # as it says
    adoption.run()


def test_a_download_is_not_led_to_where_there_is_no_tls(tmp_path, capsys, certificate, content):
    with (
        serving({FILE: sends(content)}, None) as (plain, _),
        serving({FILE: redirects(plain + FILE)}, certificate) as (server, _),
    ):
        url = server + FILE
        sentence = Adoption(tmp_path, url, sha256(content)).is_refused(capsys)
    assert f"{url} leads to {plain}{FILE}, which is not over TLS; put" in sentence


def test_a_server_that_is_not_there_is_said(tmp_path, capsys, content):
    with socket.socket() as unused:
        unused.bind(("localhost", 0))  # and does not listen
        url = f"https://localhost:{unused.getsockname()[1]}{FILE}"
        sentence = Adoption(tmp_path, url, sha256(content)).is_refused(capsys)
    assert "cannot be downloaded" in sentence and "Connection refused" in sentence


def test_a_server_that_nobody_vouches_for_is_said(
    tmp_path, capsys, monkeypatch, certificate, content
):
    monkeypatch.delenv(TRUSTED)
    with serving({FILE: sends(content)}, certificate) as (server, asked):
        sentence = Adoption(tmp_path, server + FILE, sha256(content)).is_refused(capsys)
    assert "certificate verify failed" in sentence
    assert asked == []


def test_a_file_that_is_there_is_held_against_its_digest_and_kept(
    tmp_path, capsys, certificate, content
):
    with serving({FILE: sends(content)}, certificate) as (server, asked):
        adoption = Adoption(tmp_path, server + FILE, sha256(content)[:8])
        adoption.file.parent.mkdir(parents=True)
        adoption.file.write_bytes(content)
        alter(adoption.file)
        sentence = adoption.is_refused(capsys, kept=True)
        assert f"not with {sha256(content)[:8]}; delete it and run again" in sentence
        assert asked == []
        adoption.file.unlink()  # as it says
        adoption.run()
    assert asked == [FILE]


def test_a_run_asks_for_what_can_be_had(tmp_path, monkeypatch, certificate, content):
    monkeypatch.chdir(tmp_path)
    answers = {
        "/good.th": sends(content),
        "/moved.th": redirects("/good.th"),
        "/loop.th": redirects("/loop.th"),
    }
    with serving(answers, certificate) as (server, _):
        listed = [
            {
                "name": "ResNet20",
                "label": label,
                "weights": {"url": f"{server}/{label}.th", "sha256": "01234567"},
            }
            for label in ("good", "moved", "gone", "loop")
        ]
        images = {"source": {"name": "embedded"}, "recipe": "any", "networks": listed}
        images["seeds"] = [0]
        raw = {"run": "mine", "recipes": {"any": {}}, "experiments": {"images": images}}
        plan = Plan(parse(raw))
        reasons = unavailable(plan, ask=True)
    assert [name.split("/")[1] for name in reasons] == ["gone", "loop"]
    gone, loop = reasons.values()
    assert gone.endswith("(HTTP Error 404: Not Found)")
    assert "infinite loop" in loop and "\n" not in loop
