"""What a run did, from its configuration: a page of tables. No torch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnn_sensitivity.analysis.prose import listing, plural, runs_of, span
from cnn_sensitivity.config import Experiment, Network
from cnn_sensitivity.config.base import Model
from cnn_sensitivity.config.networks import Recipe
from cnn_sensitivity.plan import Plan, Run

Table = dict[str, Any]
"""`columns`: headings; `rows`: texts."""
_ALWAYS = ("optimizer", "learning_rate", "schedule", "epochs", "batch_size", "weight_decay")
_SWEPT = "displacement"


def scale(plan: Plan) -> str:
    """Return a sentence on how much was trained: networks, seeds, widths, epochs, images."""
    trained = [run for run in plan.runs if run.network.weights is None]
    adopted = {run.network.label for run in plan.runs if run.network.weights is not None}
    sentences = []
    if trained:
        count = sum(len(run.seeds) for run in trained)
        labels = {(run.experiment, run.network.label) for run in trained}
        epochs = [plan.training_settings(run).recipe.epochs for run in trained if run.fit.by_recipe]
        facts = [
            f"width factor {span(run.network.width for run in trained)}",
            *([f"{span(epochs)} epochs at most"] if epochs else []),
            *_images(plan, trained),
            f"training noise {span(run.noise for run in trained)}",
        ]
        networks = f"{plural(count, 'training')} of {plural(len(labels), 'network')}"
        where = plural(len({run.experiment for run in trained}), "experiment")
        sentences.append(f"{networks} in {where}: {', '.join(facts)}.")
    if adopted:
        sentences.append(f"{plural(len(adopted), 'network')} trained by others.")
    return " ".join(sentences)


def experiments(plan: Plan) -> list[dict[str, Any]]:
    """Return, for each experiment, its name, what it is, its data, and a table of its networks."""
    found = []
    for name, experiment in plan.config.experiments.items():
        what = str(type(experiment).__doc__).split("\n\n")[0]
        data = _data(experiment)
        found.append(
            {"name": name, "what": f"{what} {data}", "networks": _networks(plan, name, experiment)}
        )
    return found


def recipes(plan: Plan) -> Table:
    """Return a table of how networks were trained, a column a recipe; what none changes is left."""
    used = dict.fromkeys(
        str(network.recipe or experiment.recipe)
        for experiment in plan.config.experiments.values()
        for network in experiment.networks
        if network.weights is None and experiment.fit.by_recipe
    )
    chosen = {name: plan.config.recipes[name] for name in used}
    keys = [
        key
        for key, field in Recipe.model_fields.items()
        if key in _ALWAYS or any(getattr(each, key) != field.default for each in chosen.values())
    ]
    rows = [[key, *(_text(getattr(each, key)) for each in chosen.values())] for key in keys]
    return {"columns": ["", *chosen], "rows": rows if chosen else []}


def measurements(plan: Plan) -> tuple[str, Table]:
    """Return what holds of most measurements, and a table of what else each is told.

    Measurements that differ in the displacement alone are one row: some papers sweep it.
    """
    told: dict[tuple[str, str], tuple[str, dict[str, Any], list[str]]] = {}
    for experiment, name in dict.fromkeys(
        (run.experiment, name) for run in plan.runs for name in run.measurements
    ):
        settings = _settings(plan, experiment, name)
        told.setdefault((name, _pairs(settings)), (name, settings, []))[2].append(experiment)
    each = [settings for _, settings, _ in told.values()]
    shared = _usual(each)
    rows: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for name, settings, experiments in told.values():
        own = {key: value for key, value in settings.items() if shared.get(key) != value}
        own.pop(_SWEPT, None)
        names, swept = rows.setdefault((listing(experiments), _pairs(own)), ([], []))
        names.append(name)
        swept += [_text(settings[_SWEPT])] if _SWEPT in settings else []
    return _pairs(shared), {
        "columns": ["measurement", "experiment", f"{_SWEPT}, pixels", "what differs"],
        "rows": [
            [
                listing(names) if len(names) < 3 else f"{len(names)} measurements",
                experiments,
                ", ".join(swept),
                own or "–",
            ]
            for (experiments, own), (names, swept) in rows.items()
        ],
    }


def _usual(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the settings that more than half of the measurements have."""
    usual = {}
    for key in dict.fromkeys(key for settings in each for key in settings if key != _SWEPT):
        values = [settings[key] for settings in each if key in settings]
        commonest = max(values, key=values.count)
        if values.count(commonest) > len(each) / 2:
            usual[key] = commonest
    return usual


def _settings(plan: Plan, experiment: str, name: str) -> dict[str, Any]:
    """Return all that a measurement is told, flat."""
    measured = plan.measurement(name, plan.config.experiments[experiment])
    values: dict[str, Any] = {"quantity": measured.quantity}
    for key in type(measured).model_fields:
        value = getattr(measured, key)
        if key not in measured.takes or key == "quantity" or value is None:
            continue
        if key == "perturbation":
            inner = value.model_dump(exclude_none=True)
            values |= {key: inner.pop("kind"), **inner}
        else:
            values[key] = value
    return values


def _images(plan: Plan, runs: Iterable[Run]) -> list[str]:
    """Return how many training images there were, where that is known before they are read."""
    sizes = [
        run.train_size or plan.config.experiments[run.experiment].train_images() for run in runs
    ]
    known = sorted({size for size in sizes if size})
    ends = list(dict.fromkeys(f"{size:,}" for size in (known[:1] + known[-1:])))
    return [f"{' to '.join(ends)} training images"] if known else []


def _data(experiment: Experiment) -> str:
    common = {*Experiment.model_fields, "kind"}
    own = {
        key: getattr(experiment, key) for key in type(experiment).model_fields if key not in common
    }
    shape = [
        f"{number:,} {what}"
        for number, what in (
            (experiment.train_images(), "training"),
            (experiment.test_images(), "test inputs"),
        )
        if number
    ]
    known = f"{listing(shape)}; " if shape else ""
    axes = [f"{_words(name)} {_text(values)}" for name, values in experiment.axes.items()]
    grid = f" Grid: {'; '.join(axes)}." if axes else ""
    return f"Data: {known}{_pairs(own)}.{grid}"


def _networks(plan: Plan, name: str, experiment: Experiment) -> Table:
    rows = []
    for network in experiment.networks:
        runs = plan.select(name, [network.label])
        seeds = runs_of(seed for run in runs for seed in run.seeds)
        sizes = sorted({run.train_size or 0 for run in runs})
        rows.append(
            [
                network.label,
                _architecture(network),
                _training(network, experiment),
                ", ".join(f"{noise:g}" for noise in sorted({run.noise for run in runs})),
                ", ".join(f"{size:,}" if size else "all" for size in sizes),
                seeds,
            ]
        )
    columns = ["network", "architecture", "how it learned", "noise", "training images", "seeds"]
    return {"columns": columns, "rows": rows}


def _architecture(network: Network) -> str:
    parts = [network.name] if network.name != network.label else []
    parts += [f"width {network.width:g}"] if network.width != 1 else []
    parts += [network.activation] if network.activation != "relu" else []
    parts += [_pairs(network.options)] if network.options else []
    return "; ".join(parts) or "as named"


def _training(network: Network, experiment: Experiment) -> str:
    if network.weights is not None:
        return "trained by others"
    if not experiment.fit.by_recipe:
        told = experiment.fit.model_dump(exclude={"engine"}, exclude_defaults=True)
        return "; ".join(filter(None, [_words(experiment.fit.engine), _pairs(told)]))
    recipe = str(network.recipe or experiment.recipe)
    return f"{recipe}; {_pairs(network.override)}" if network.override else recipe


def _pairs(values: Mapping[str, Any]) -> str:
    """Return 'key value, key value' of what is set; models within are opened."""
    texts = []
    for key, value in values.items():
        inner = value.model_dump(exclude_none=True) if isinstance(value, Model) else value
        if isinstance(inner, dict):
            kind = inner.get("kind") or inner.get("name") or ""
            rest = _pairs({each: inner[each] for each in inner if each not in ("kind", "name")})
            opened = f"{kind} ({rest})" if kind and rest else kind or f"({rest})"
            texts.append(f"{_words(key)} {opened}")
        elif inner is not None:
            texts.append(f"{_words(key)} {_text(inner)}")
    return ", ".join(texts)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "none"
    return "–" if value is None else str(value)
