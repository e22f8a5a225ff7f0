"""The page that a person reads: is all right, how fast is it, what would the paper's runs take."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnn_sensitivity.operations.forecast import forecast
from cnn_sensitivity.operations.forecast.summary import duration
from cnn_sensitivity.operations.forecast.timings import Mode, key_and_width, read_table
from cnn_sensitivity.operations.gpu_check import gains
from cnn_sensitivity.operations.gpu_check.cases import PRECISIONS
from cnn_sensitivity.operations.gpu_check.results import Results
from cnn_sensitivity.plan import Plan

GIB = 2**30


def page(results: Results, plans: Sequence[Plan], table: Path) -> str:
    """Return the page as Markdown; `table` is the table of timings made from the same results."""
    sections = [
        _head(results),
        _hours(plans, table) if table.exists() else [],
        _settings(results),
        _speeds(results),
        _measuring(results),
        _together(results),
        _right(results),
        _late(results),
    ]
    return "\n".join(line for section in sections if section for line in [*section, ""])


def _head(results: Results) -> list[str]:
    about = results.about
    versions = ", ".join(f"{name} {value}" for name, value in about["versions"].items() if value)
    memory = f", {about['memory_bytes'] / GIB:.0f} GiB" if about["memory_bytes"] else ""
    right, wrong = results.of_kind("right"), results.wrong
    lines = [f"# {about['device']}", "", f"By `make gpu-check` ({versions}{memory}).", ""]
    if wrong:
        lines.append(f"**{len(wrong)} of {len(results.found)} checks are wrong or failed:**")
        lines += ["", *(f"- {name}: {_what(results.found[name])}" for name in wrong)]
    else:
        lines.append(f"All {len(right)} comparisons made came out right, and no timing failed.")
    if results.late:
        lines += ["", f"{len(results.late)} checks were not done: they are listed at the end."]
    return lines


def _what(result: Mapping[str, Any]) -> str:
    return result.get("error") or f"found {result['found']}, expected {result['expected']}"


def _hours(plans: Sequence[Plan], table: Path) -> list[str]:
    lines = [
        "## Hours of this GPU, one job at a time",
        "",
        "With CUDA graphs and the scenario's stacks of seeds. A star: some networks are left out.",
        "",
        *_heading("run", *PRECISIONS),
    ]
    remarks = []
    for plan in plans:
        cells = []
        for precision in PRECISIONS:
            hours, missing = hours_of(plan, table, precision)
            cells.append(f"{hours}{' *' * bool(missing)}" if hours else "not timed")
            if missing and hours:
                remarks.append(f"- `{plan.config.run}`, {precision}: without {', '.join(missing)}")
        lines.append(_row(f"`{plan.config.run}`", *cells))
    return [*lines, *([""] * bool(remarks)), *remarks]


def hours_of(plan: Plan, table: Path, precision: str) -> tuple[str | None, list[str]]:
    """Return what a plan takes in a precision with graphs, and the networks not timed like that.

    Their hours are left out.
    """
    config = plan.config
    recipes = {
        name: recipe.model_copy(update={"precision": precision})
        for name, recipe in config.recipes.items()
    }
    compute = config.compute.model_copy(update={"cuda_graph": True})
    changed = {"recipes": recipes, "compute": compute, "device": "gpu"}
    expected = forecast(Plan(config.model_copy(update=changed)), None, table)
    timed = {
        (network, speed.width)
        for (_, network), speeds in read_table(table).items()
        for speed in speeds
        if speed.mode.precision == precision and speed.mode.cuda_graph
    }
    known = [cost for cost in expected.costs if key_and_width(cost.run.network) in timed]
    missing = {
        cost.run.network.label
        for cost in expected.costs
        if key_and_width(cost.run.network) not in timed
    }
    total = sum(cost.seconds or 0 for cost in known)
    most = "at most " * any(cost.at_most for cost in known)
    return (most + duration(total) if known else None), sorted(missing)


def _settings(results: Results) -> list[str]:
    found = [line for line in gains.sentences(results) if line]
    best = gains.best_mode(results)
    if not best:
        return []
    jobs, mps = gains.best_jobs(results)
    lines = ["## The fastest settings here", "", *(f"- {line}" for line in found), ""]
    lines += ["For a configuration:", "", "```yaml"]
    lines += [f"compute: {{cuda_graph: {str(best.cuda_graph).lower()}}}"]
    lines += [f"# and `precision: {best.precision}` in each recipe", "```"]
    if jobs > 1:
        under = ", under MPS" * mps
        lines += ["", f"With `GPU_JOBS={jobs}`{under}: so many jobs at once on this GPU."]
    return lines


def _speeds(results: Results) -> list[str]:
    rows: dict[tuple[str, int], dict[Mode, Mapping[str, Any]]] = {}
    for each in results.of_kind("train").values():
        if "error" not in each:
            mode = gains.mode_of(each)
            rows.setdefault((each["title"], each["seeds"]), {})[mode] = each
    if not rows:
        return []
    kinds = [(precision, graph) for precision in PRECISIONS for graph in (False, True)]
    heads = [f"{precision}{', graph' * graph}" for precision, graph in kinds]
    lines = [
        "## Training: images a second",
        "",
        "Of all stacked seeds together. Memory: the largest peak of the row, in GiB.",
        "",
        *_heading("network", "seeds", *heads, "memory"),
    ]
    for (title, seeds), timed in rows.items():
        by_kind = {(m.precision, m.cuda_graph): each for m, each in timed.items()}
        cells = [
            f"{by_kind[kind]['images_per_second']:,.0f}" if kind in by_kind else ""
            for kind in kinds
        ]
        peaks = [each["peak_bytes"] for each in timed.values() if each["peak_bytes"]]
        memory = f"{max(peaks) / GIB:.1f}" if peaks else ""
        lines.append(_row(title, seeds, *cells, memory))
    return lines


def _measuring(results: Results) -> list[str]:
    timed = [each for each in results.of_kind("measure").values() if "error" not in each]
    if not timed:
        return []
    lines = [
        "## Measuring D, G and R of every layer",
        "",
        "Seconds for 1000 images, each passed as it is, deformed and noisy, and the same passes"
        " alone, in equal and in large batches.",
        "",
        *_heading("network", "measured", "passes alone", "in large batches"),
    ]
    for each in timed:
        times = (each["seconds"], each["bare_seconds"], each["bare_seconds_large"])
        lines.append(_row(each["title"], *(f"{seconds:.2f}" for seconds in times)))
    return lines


def _together(results: Results) -> list[str]:
    rows = gains.together(results)
    if not rows:
        return []
    lines = [
        "## Several jobs at once",
        "",
        "In bf16 with graphs: images a second of all jobs, and how many times those of one.",
        "",
        *_heading("network", "jobs", "MPS", "images/s", "gain"),
    ]
    return lines + [
        _row(title, jobs, "yes" if mps else "no", f"{rate:,.0f}", f"{gain:.2f}" if gain else "")
        for title, jobs, mps, rate, gain in rows
    ]


def _right(results: Results) -> list[str]:
    checks = results.of_kind("right")
    if not checks:
        return []
    lines = ["## What was compared", "", *_heading("check", "expected", "found", "")]
    for name, each in checks.items():
        verdict = "right" if each.get("right") else "**wrong**"
        found = each.get("error") or each["found"]
        lines.append(_row(name, each.get("expected", ""), found, verdict))
    return lines


def _late(results: Results) -> list[str]:
    if not results.late:
        return []
    return [
        "## Not done for lack of time",
        "",
        "The same command goes on with these.",
        "",
        *(f"- {name}" for name in results.late),
    ]


def _heading(*cells: str) -> list[str]:
    return [_row(*cells), _row(*("---" for _ in cells))]


def _row(*cells: object) -> str:
    texts: Iterable[str] = (str(cell).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(texts)} |"
