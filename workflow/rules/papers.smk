"""Tables of the whole run that its paper needs: a rule for each job of the paper's room."""

import json

for job in jobs(AVAILABLE):
    data = PLAN.dataset(job.experiment) if job.experiment else ""

    rule:
        name:
            job.name
        input:
            [data] if data else [],
            as_inputs(job.files.values()),
            code=code_of(job.module),
        output:
            list(job.outputs.values()),
        log:
            f"{PLAN.results}/tables/{job.name}.log",
        benchmark:
            f"{PLAN.results}/tables/{job.name}.benchmark.tsv"
        priority: 60 if job.download else 0  # A download; like the others', in seconds.
        conda:
            ENVIRONMENT
        resources:
            mem_mb=growing(2000),
            runtime=growing(job.minutes),
        params:
            function=job.function,
            parameters=as_it_is(json.dumps(job.parameters)),
            dataset=["--dataset", job.experiment, data] if data else [],
        shell:
            "python -m cnn_sensitivity table {params.function} --parameters {params.parameters:q}"
            " {params.dataset:q} --output {output:q} > {log:q} 2>&1"

    describe_rule(job.name, job.does)
