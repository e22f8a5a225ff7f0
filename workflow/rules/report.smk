"""The scorecard: what the run says of each claim of the paper. And what a report shows besides."""

from cnn_sensitivity.base.software import versions


report: caption("workflow")


SOFTWARE = f"{PLAN.results}/software.txt"
CLAIMS = f"{PLAN.results}/claims.csv"
KEY_FIGURE = key_figure(AVAILABLE)
# Its file, what it is called and what is to be seen in it; a sentence may hold braces.
KEY_FIGURE_WORDS = (
    ["--figure", figure_file(KEY_FIGURE, "png"), *what_to_see(PAPER, KEY_FIGURE)]
    if KEY_FIGURE
    else []
)
CLAIM_INPUTS = claim_inputs(AVAILABLE)
# What the run is held against, where it has been committed.
REFERENCE = [
    path
    for name in ("claims.csv", "software.txt")
    if Path(path := f"{PLAN.reference}/{name}").exists()
]


rule claims:
    """Hold the run's tables against each claim of the paper: the scorecard."""
    input:
        files_of(CLAIM_INPUTS),
        reference=REFERENCE,
        criteria=os.path.relpath(criteria_file(PAPER)),
        # The room's claims, and the authors' numbers that are drawn in the place of the run's.
        code=code_of("scorecard", f"{ROOM}.claims", f"{ROOM}.simulation"),
    output:
        table=CLAIMS,
        page=report(
            f"{PLAN.figures_folder}/claims.html",
            caption=caption("claims"),
            category="1 Scorecard",
            labels={"shows": "What this run says of each claim of the paper"},
        ),
        markdown=f"{PLAN.figures_folder}/claims.md",
        text=f"{PLAN.figures_folder}/claims.txt",
    log:
        f"{PLAN.results}/logs/claims.log",
    group:
        light
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        paper=PAPER,
        reference=PLAN.reference,
        tables=table_arguments(CLAIM_INPUTS),
    shell:
        "python -m cnn_sensitivity claims --paper {params.paper} --output {output.table:q} --html {output.page:q}"
        " --markdown {output.markdown:q} --text {output.text:q} --reference {params.reference:q}"
        " {params.tables:q} > {log:q} 2>&1"


rule software:
    """Note the versions of Python and of the libraries, and the commit."""
    output:
        SOFTWARE,
    log:
        f"{PLAN.results}/logs/software.log",
    group:
        light
    conda:
        ENVIRONMENT
    params:
        # Another version of any of them, and the note is made anew.
        versions=" ".join(versions().values()),
    shell:
        "python -m cnn_sensitivity software --output {output:q} > {log:q} 2>&1"


rule first_page:
    """Lay out the report's first page: scorecard, key figure, reference run, software."""
    input:
        claims=CLAIMS,
        figure=[figure_file(KEY_FIGURE, "png")] if KEY_FIGURE else [],
        software=SOFTWARE,
        reference=REFERENCE,
        code=code_of("scorecard.first_page"),
    output:
        f"{PLAN.results}/first_page.html",
    log:
        f"{PLAN.results}/logs/first_page.log",
    group:
        light
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        reference=PLAN.reference,
        page=f"{PLAN.figures_folder}/claims.html",
        figure=as_it_is(KEY_FIGURE_WORDS),
    shell:
        "python -m cnn_sensitivity first-page --scorecard {input.claims:q} --page {params.page:q}"
        " --reference {params.reference:q} {params.figure:q} --software {input.software:q}"
        " --output {output:q} > {log:q} 2>&1"
