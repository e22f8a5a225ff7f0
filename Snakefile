"""How deep convolutional networks lose spatial information with training: the whole replication.

    snakemake                 every figure of the configured run, and the scorecard
    snakemake figure_03       one figure and what it needs
    snakemake --configfile workflow/scenarios/paper.yaml      another scale

`config.yaml` documents every knob, README.md the rest.
"""

from snakemake.utils import min_version

min_version("9.20")


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/measurement.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


onstart:
    begin_log()


onsuccess:
    PROGRESS.stop()


onerror:
    PROGRESS.stop()


rule all:
    """Every figure of the run, and the scorecard of the paper's claims (the default)."""
    default_target: True
    input:
        [figure_file(figure, kind) for figure in FIGURE_INPUTS for kind in EXTENSIONS],
        [run.path("training.csv") for run in PLAN.runs],
        rules.claims.output,
        SOFTWARE,
    localrule: True
