"""Measurement: what the networks of a checkpoint give, in one table."""

from cnn_sensitivity.plan import MEASUREMENTS


rule measure:
    """Measure the networks of a run, trained and initial, original and shuffled: one table."""
    input:
        dataset=dataset_of,
        checkpoint=f"{RUN_FILES}/checkpoint.safetensors",
        code=lambda wildcards: code_of("measures.job", "base.arithmetic", *measures_of(wildcards)),
    output:
        f"{RUN_FILES}/{MEASUREMENTS}",
    log:
        f"{RUN_FILES}/measurements.log",
    benchmark:
        f"{RUN_FILES}/measurements.benchmark.tsv"
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
