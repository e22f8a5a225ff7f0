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
            code=code(
                "seeds.py",
                "perturbations/*.py",
                "sensitivity.py",
                "batch_statistics.py",
                "recording.py",
                "layer_choice.py",
                "layer_sums.py",
                "cosine_distance.py",
                "pair_distances.py",
                "tables/runs.py",
                "tables/sensitivities.py",
                "networks/channel_shuffle.py",
            ),
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
        code=code(
            "spectrum.py",
            "smoothness.py",
            "tables/runs.py",
            "tables/filters.py",
            "tables/spectra.py",
        ),
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
        code=code(
            "recording.py",
            "receptive_field.py",
            "tables/runs.py",
            "tables/receptive_fields.py",
        ),
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


rule pretrained:
    """Project the filters of a network with ImageNet weights, or say why there are none."""
    input:
        weights=lambda wildcards: path_of(PLAN.pretrained_weights(wildcards.network)),
        code=code(
            "spectrum.py",
            "smoothness.py",
            "datasets/download.py",
            "networks/state_dicts.py",
            "networks/weight_contents.py",
            "networks/weight_files.py",
            "networks/weight_names.py",
            "tables/filters.py",
            "tables/pretrained.py",
        ),
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
        code=code(
            "seeds.py",
            "perturbations/*.py",
            "sensitivity.py",
            "batch_statistics.py",
            "recording.py",
            "layer_choice.py",
            "layer_sums.py",
            "cosine_distance.py",
            "pair_distances.py",
            "theory.py",
            "networks/*.py",
            "tables/theory.py",
        ),
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
        code=code("tables/pooling.py"),
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
        code=code("seeds.py", "perturbations/*.py", "datasets/corruption.py", "tables/pictures.py"),
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
        code=code(
            "seeds.py",
            "perturbations/*.py",
            "tables/pictures.py",
            "tables/overhangs.py",
            "tables/phase_diagram.py",
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
        code=code(
            "seeds.py",
            "perturbations/*.py",
            "batch_statistics.py",
            "sensitivity.py",
            "recording.py",
            "layer_sums.py",
            "pair_distances.py",
            "tables/sensitivities.py",
            "tables/identity.py",
        ),
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
