"""The scorecard: what the run says of each claim of the paper."""

CLAIMS = f"{PLAN.results}/claims.csv"
CLAIM_INPUTS = claim_inputs(PLAN)


rule claims:
    """Hold the run's tables against each claim of the paper: the scorecard."""
    input:
        [path for paths in CLAIM_INPUTS.values() for path in paths],
        code=code("theory.py", "analysis/*.py", "claims/*.py"),
    output:
        table=CLAIMS,
        page=report(
            f"{PLAN.figures_folder}/claims.html",
            caption="../report/claims.rst",
            category="Scorecard",
        ),
        text=f"{PLAN.figures_folder}/claims.md",
    log:
        f"{PLAN.results}/logs/claims.log",
    group:
        "light"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        tables=table_arguments(CLAIM_INPUTS),
    shell:
        "python -m cnn_sensitivity claims --output {output.table:q} --html {output.page:q}"
        " --markdown {output.text:q} {params.tables:q} > {log:q} 2>&1"
