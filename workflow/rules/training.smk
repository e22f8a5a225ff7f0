"""Training: a data set becomes the checkpoint of a stack of seeds; or a file of weights does."""

import re

ADOPTED = "|".join(re.escape(run.name) for run in PLAN.runs if run.making == "adopt") or "(?!)"


rule train:
    """Train the networks of one run; an interrupted training goes on where it was."""
    input:
        dataset=dataset_of,
        own=own_network,
        code=code_of("engines.sgd.job"),
    output:
        checkpoint=f"{RUN_FILES}/checkpoint.safetensors",
        table=f"{RUN_FILES}/training.csv",
    log:
        f"{RUN_FILES}/training.log",
    benchmark:
        f"{RUN_FILES}/training.benchmark.tsv"
    wildcard_constraints:
        name=f"(?!({ADOPTED})/)[^/]+/{NAME_IN_EXPERIMENT}",
    priority: of_the_run
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        gpu=PLAN.gpus_per_job,
        cuda=PLAN.gpus_per_job,
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        settings=lambda wildcards: PLAN.training_settings(PLAN.run(wildcards.name)).to_json(),
    shell:
        "python -m cnn_sensitivity train --settings {params.settings:q} --dataset {input.dataset:q}"
        " --checkpoint {output.checkpoint:q} --table {output.table:q}"
        " --gpus {resources.cuda} --threads {threads} > {log:q} 2>&1"


rule adopt:
    """Make the checkpoint of a network that was trained elsewhere, and test it."""
    input:
        dataset=dataset_of,
        own=own_network,
        weights=own_weights,
        code=code_of("engines.adopted.adoption"),
    output:
        checkpoint=f"{RUN_FILES}/checkpoint.safetensors",
        table=f"{RUN_FILES}/training.csv",
    log:
        f"{RUN_FILES}/adoption.log",
    wildcard_constraints:
        name=ADOPTED,
    priority: of_the_run
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        gpu=PLAN.gpus_per_job,
        cuda=PLAN.gpus_per_job,
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        settings=lambda wildcards: PLAN.training_settings(PLAN.run(wildcards.name)).to_json(),
        # A function, since Snakemake looks for wildcards in a text: the path may hold braces.
        root=lambda wildcards: PLAN.config.data_root,
    shell:
        "python -m cnn_sensitivity adopt --settings {params.settings:q} --dataset {input.dataset:q}"
        " --root {params.root:q} --checkpoint {output.checkpoint:q} --table {output.table:q}"
        " --gpus {resources.cuda} --threads {threads} > {log:q} 2>&1"
