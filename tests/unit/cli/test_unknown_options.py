"""An option that a verb does not have is named in one sentence, with what is alike."""

import pytest

from cnn_sensitivity.cli import main


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("probe lenet --weigths w.pt", "probe: it takes no --weigths; did you mean '--weights'?"),
        ("probe lenet --images=a --outputs=b", "probe: it takes no --outputs; did you mean '--out"),
        ("plan --cors 3", "plan: it takes no --cors; did you mean '--cores'?"),
        ("plan --zzz", "plan: it takes no --zzz; known: --configfile, --cores, --help, --scenario"),
        ("plan lenet", "plan: it takes no lenet"),
    ],
)
def test_it_is_named(call: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(call.split())
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: cnn-sensitivity {sentence}")
