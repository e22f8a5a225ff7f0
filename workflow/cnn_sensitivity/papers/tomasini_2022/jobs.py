"""The tables that this paper alone has, and the jobs that make them. No torch."""

from cnn_sensitivity.config.networks import Pretrained
from cnn_sensitivity.papers.job import Job
from cnn_sensitivity.papers.pictures import picture_jobs
from cnn_sensitivity.plan import Plan
from cnn_sensitivity.tables.files import Columns

COLUMNS: dict[str, Columns] = {
    "pretrained": (["network", "reason"], [], []),
    "theory": (["case"], ["filter_size", "stride", "layer", "A", "D", "G"], []),
    "activations": (["case"], ["filter_size", "stride", "layer", "position", "value"], []),
    "pooling": (["panel", "picture"], ["row", "column", "value"], []),
}
MB = 1_000_000
IMAGENET_WEIGHTS = {
    "alexnet": 244 * MB,
    "vgg11": 531 * MB,
    "vgg11_bn": 532 * MB,
    "vgg13": 532 * MB,
    "vgg13_bn": 533 * MB,
    "vgg16": 553 * MB,
    "vgg16_bn": 554 * MB,
    "vgg19": 575 * MB,
    "vgg19_bn": 575 * MB,
    "resnet18": 47 * MB,
    "resnet34": 87 * MB,
    "resnet50": 103 * MB,
    "efficientnet_b0": 21 * MB,
    "squeezenet1_0": 5 * MB,
    "squeezenet1_1": 5 * MB,
}
"""The sizes of torchvision's files, in bytes."""
_TABLES = "papers.tomasini_2022.tables"


def jobs(plan: Plan) -> list[Job]:
    """Return all jobs of the paper for a run."""
    return [
        Job(
            "pooling",
            "Compute the pooling examples of Figure 2.",
            f"{_TABLES}.pooling:pooling_table",
            {"pooling": plan.table("pooling")},
        ),
        Job(
            "theory",
            "Measure constant-filter networks, and record their activations (Figure 6).",
            f"{_TABLES}.theory:theory_tables",
            {kind: plan.table(kind) for kind in ("theory", "activations")},
        ),
        *picture_jobs(plan, "images"),
        *(_pretrained(plan, network) for network in plan.config.pretrained),
    ]


def _pretrained(plan: Plan, network: Pretrained) -> Job:
    """Return the job of a network of Figure 13: torchvision's of this name, or a file."""
    label, weights, root = network.label, network.weights, plan.config.data_root
    name = f"pretrained_{label}"
    does = f"Project the filters of {label}, trained on ImageNet, or say why there are none."
    outputs = {"pretrained": f"{plan.results}/pretrained/{label}.csv"}
    if weights is None:
        size = IMAGENET_WEIGHTS.get(label, 0)
        return Job(
            name,
            does,
            f"{_TABLES}.pretrained:pretrained_spectrum_table",
            outputs,
            {"name": label, "root": root},
            download={f"ImageNet weights of {label}": size},
        )
    return Job(
        name,
        does,
        f"{_TABLES}.pretrained:file_spectrum_table",
        outputs,
        {"label": label, "weights": weights.model_dump(mode="json", exclude_none=True)}
        | {"root": root},
        files={f"pretrained.{label}.weights": weights.path} if weights.path else {},
    )
