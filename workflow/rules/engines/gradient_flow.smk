"""Full-batch gradient flow: a data set becomes the checkpoint of a stack of seeds."""


rule flow:
    """Let the networks of one run flow to their ends; an interrupted flow goes on where it was."""
    input:
        dataset=dataset_of,
        own=own_network,
        code=code_of("engines.gradient_flow.job"),
    output:
        checkpoint=f"{RUN_FILES}/checkpoint.safetensors",
        table=f"{RUN_FILES}/training.csv",
    log:
        f"{RUN_FILES}/flow.log",
    benchmark:
        f"{RUN_FILES}/flow.benchmark.tsv"
    wildcard_constraints:
        name=fitted_by("gradient_flow"),
    priority: of_the_run
    conda:
        f"../{ENVIRONMENT}"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        settings=lambda wildcards: PLAN.training_settings(PLAN.run(wildcards.name)).to_json(),
    shell:
        "python -m cnn_sensitivity fit --settings {params.settings:q} --dataset {input.dataset:q}"
        " --checkpoint {output.checkpoint:q} --table {output.table:q}"
        " --gpus 0 --threads {threads} > {log:q} 2>&1"
