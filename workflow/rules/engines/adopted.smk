"""Weights that were trained elsewhere become the checkpoint of a run."""


rule adopt:
    """Make the checkpoint of a network that was trained elsewhere, and test it."""
    input:
        dataset=dataset_of,
        own=own_network,
        weights=own_weights,
        code=code_of("engines.adopted.job"),
    output:
        checkpoint=f"{RUN_FILES}/checkpoint.safetensors",
        table=f"{RUN_FILES}/training.csv",
    log:
        f"{RUN_FILES}/adoption.log",
    wildcard_constraints:
        name=fitted_by("adopted"),
    priority: of_the_run
    conda:
        f"../{ENVIRONMENT}"
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
        "python -m cnn_sensitivity fit --settings {params.settings:q} --dataset {input.dataset:q}"
        " --root {params.root:q} --checkpoint {output.checkpoint:q} --table {output.table:q}"
        " --gpus {resources.cuda} --threads {threads} > {log:q} 2>&1"
