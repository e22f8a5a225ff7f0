"""Measurement: checkpoints and constructions become tidy tables."""

import re

# One job makes all tables of a run: each would load the networks and pass the images again.
for measuring, runs in PLAN.measured_together().items():

    rule:
        name:
            measuring
        input:
            dataset=dataset_of,
            checkpoint=f"{RUN_FILES}/checkpoint.safetensors",
            code=code_of("measures.sensitivity_tables", "base.arithmetic"),
        output:
            [f"{RUN_FILES}/{name}.csv" for name in runs[0].measurements],
        log:
            f"{RUN_FILES}/sensitivity.log",
        benchmark:
            f"{RUN_FILES}/sensitivity.benchmark.tsv"
        wildcard_constraints:
            name="|".join(re.escape(run.name) for run in runs),
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
            settings=lambda wildcards: PLAN.measurement_settings(PLAN.run(wildcards.name)).to_json(),
        shell:
            "python -m cnn_sensitivity measure --name {wildcards.name:q}"
            " --settings {params.settings:q} --dataset {input.dataset:q}"
            " --checkpoint {input.checkpoint:q} --output {output:q}"
            " --gpus {resources.cuda} --threads {threads} > {log:q} 2>&1"

    describe_rule(
        measuring,
        "Measure the layers, trained and initial, original and shuffled.",
    )


rule spectrum:
    """Project the filters of a checkpoint on the modes of the grid Laplacian."""
    input:
        checkpoint=f"{RUN_FILES}/checkpoint.safetensors",
        code=code_of("measures.spectra"),
    output:
        f"{RUN_FILES}/spectrum.csv",
    log:
        f"{RUN_FILES}/spectrum.log",
    group:
        "spectra"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        weights=PLAN.config.weights,
    shell:
        "python -m cnn_sensitivity spectrum --name {wildcards.name:q} --weights {params.weights}"
        " --checkpoint {input.checkpoint:q} --output {output:q} > {log:q} 2>&1"


rule receptive_field:
    """Measure how wide the receptive fields of one-dimensional networks are."""
    input:
        checkpoint=f"{RUN_FILES}/checkpoint.safetensors",
        code=code_of("measures.receptive_field_tables"),
    output:
        f"{RUN_FILES}/receptive_field.csv",
    log:
        f"{RUN_FILES}/receptive_field.log",
    group:
        "spectra"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        weights=PLAN.config.weights,
    shell:
        "python -m cnn_sensitivity receptive-field --name {wildcards.name:q}"
        " --weights {params.weights} --checkpoint {input.checkpoint:q} --output {output:q}"
        " > {log:q} 2>&1"
