"""Measurement: checkpoints and constructions become tidy tables."""

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


rule pretrained:
    """Project the filters of a network with ImageNet weights, or say why there are none."""
    input:
        weights=lambda wildcards: path_of(PLAN.pretrained_weights(wildcards.network)),
        code=code_of("papers.tomasini_2022.tables.pretrained"),
    output:
        f"{PLAN.results}/pretrained/{{network}}.csv",
    log:
        f"{PLAN.results}/pretrained/{{network}}.log",
    priority: 60  # A download; like the others', in seconds.
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        # A function, since Snakemake looks for wildcards in a text: the path may hold braces.
        root=lambda wildcards: PLAN.config.data_root,
        weights=weights_of_pretrained,
    shell:
        "python -m cnn_sensitivity pretrained --network {wildcards.network:q} --root {params.root:q}"
        " --weights={params.weights:q} --output {output:q} > {log:q} 2>&1"


rule theory:
    """Measure constant-filter networks, and record their activations (Figure 6)."""
    input:
        code=code_of("papers.tomasini_2022.tables.theory"),
    output:
        sensitivity=PLAN.table("theory"),
        activations=PLAN.table("activations"),
    log:
        f"{PLAN.results}/tables/theory.log",
    priority: 10
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    shell:
        "python -m cnn_sensitivity theory --sensitivity {output.sensitivity:q}"
        " --activations {output.activations:q} > {log:q} 2>&1"


rule pooling:
    """Compute the pooling examples of Figure 2."""
    input:
        code=code_of("papers.tomasini_2022.tables.pooling"),
    output:
        PLAN.table("pooling"),
    log:
        f"{PLAN.results}/tables/pooling.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    shell:
        "python -m cnn_sensitivity pooling --output {output:q} > {log:q} 2>&1"


rule pictures:
    """Deform one test image and add noise to it."""
    input:
        dataset=PLAN.dataset("{experiment}"),
        code=code_of("tasks.images.pictures"),
    output:
        PLAN.pictures("{experiment}"),
    log:
        f"{PLAN.results}/tables/pictures-{{experiment}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        settings=lambda wildcards: PLAN.picture_settings(wildcards.experiment).to_json(),
    shell:
        "python -m cnn_sensitivity pictures --experiment {wildcards.experiment:q} --settings {params.settings:q}"
        " --dataset {input.dataset:q} --output {output:q} > {log:q} 2>&1"


rule deformations:
    """Say which deformations of a data set's images are diffeomorphisms, and show some (P21)."""
    input:
        dataset=PLAN.dataset("{experiment}"),
        code=code_of(
            "papers.petrini_2021.tables.overhangs", "papers.petrini_2021.tables.phase_diagram"
        ),
    output:
        list(PLAN.deformations("{experiment}").values()),
    log:
        f"{PLAN.results}/tables/deformations-{{experiment}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        seed=PLAN.config.seed,
        cutoffs=[3, 5, 15],
    shell:
        "python -m cnn_sensitivity deformations --experiment {wildcards.experiment:q} --seed {params.seed}"
        " --cutoffs {params.cutoffs} --dataset {input.dataset:q} --output {output:q} > {log:q} 2>&1"


rule identity:
    """Measure the images themselves: how far each perturbation moves them (P21)."""
    input:
        dataset=PLAN.dataset("{experiment}"),
        code=code_of("papers.petrini_2021.tables.identity"),
    output:
        PLAN.identity("{experiment}"),
    log:
        f"{PLAN.results}/tables/identity-{{experiment}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        settings=lambda wildcards: PLAN.identity_settings(wildcards.experiment).to_json(),
    shell:
        "python -m cnn_sensitivity identity --experiment {wildcards.experiment:q}"
        " --settings {params.settings:q} --dataset {input.dataset:q} --output {output:q} > {log:q} 2>&1"
