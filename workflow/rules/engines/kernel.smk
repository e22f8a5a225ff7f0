"""Kernels in closed form: a data set becomes the checkpoint of a stack of seeds."""


rule kernel:
    """Fit the kernel machines of one run."""
    input:
        dataset=dataset_of,
        code=code_of("engines.kernel.job"),
    output:
        checkpoint=f"{RUN_FILES}/checkpoint.safetensors",
        table=f"{RUN_FILES}/training.csv",
    log:
        f"{RUN_FILES}/kernel.log",
    benchmark:
        f"{RUN_FILES}/kernel.benchmark.tsv"
    wildcard_constraints:
        name=fitted_by("kernel"),
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
