"""The layers of a network, in the order in which they run, as text."""

from cnn_sensitivity.measures.recording import record
from cnn_sensitivity.probe import measuring
from cnn_sensitivity.probe.images import FEWEST
from cnn_sensitivity.probe.subject import Subject


def text(subject: Subject, device: str = "cpu") -> str:
    """Return a line for each layer: its number, name and kind, as `--layers` chooses them.

    Raises UserError for a network that cannot take the images.
    """
    images = subject.images.normalized()[:FEWEST].to(device)
    with measuring.named_failures(subject, images):
        recording = record(
            subject.trained.to(device),
            [images],
            lambda layer, kind, last: {},
            batch_size=FEWEST,
            functions=subject.functions,
        )
    wide = max(map(len, recording.kinds))
    lines = [
        f"  {number:4d}  {layer:{wide}}  {kind}"
        for number, (layer, kind) in enumerate(recording.kinds.items())
    ]
    return "\n".join([f"Layers of {subject.title}:", *lines])
