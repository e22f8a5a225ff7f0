"""Stochastic gradient descent: a data set becomes the checkpoint of a stack of seeds."""


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
        name=fitted_by("sgd"),
    priority: of_the_run
    conda:
        f"../{ENVIRONMENT}"
    threads: 1
    resources:
        gpu=PLAN.gpus_per_job,
        cuda=PLAN.gpus_per_job,
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        settings=lambda wildcards: PLAN.training_settings(PLAN.run(wildcards.name)).to_json(),
    shell:
        "python -m cnn_sensitivity fit --settings {params.settings:q} --dataset {input.dataset:q}"
        " --checkpoint {output.checkpoint:q} --table {output.table:q}"
        " --gpus {resources.cuda} --threads {threads} > {log:q} 2>&1"
