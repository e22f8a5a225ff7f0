"""Data sets: whatever their source, one file of one format for each experiment."""

import json


rule dataset:
    """Read or download images, or make a scale-detection task, and store it."""
    input:
        code=code_of("tasks.prepare"),
    output:
        f"{PLAN.results}/datasets/{{experiment}}.safetensors",
    log:
        f"{PLAN.results}/datasets/{{experiment}}.log",
    priority: of_the_experiment
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        settings=lambda wildcards: json.dumps(PLAN.dataset_settings(wildcards.experiment)),
    shell:
        "python -m cnn_sensitivity dataset --experiment {wildcards.experiment:q}"
        " --settings {params.settings:q} --output {output:q} > {log:q} 2>&1"
