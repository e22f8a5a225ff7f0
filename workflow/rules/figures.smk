"""Figures: tables in, a picture and the numbers that it plots out. One target a figure."""

from cnn_sensitivity.papers.paper import EXTENSIONS


def figure_file(figure, extension):
    """Return the path of a figure."""
    return f"{PLAN.figures_folder}/{figure}.{extension}"


def table_arguments(tables):
    """Return the command-line arguments that name the tables of each kind."""
    return [word for kind, paths in tables.items() for word in ("--table", kind, *paths)]


for figure, tables in FIGURE_INPUTS.items():

    rule:
        name:
            figure
        input:
            files_of(tables),
            code=code_of("drawing.drawn", f"{ROOM}.figures.{figure}"),
        output:
            report(
                figure_file(figure, "png"),
                caption=caption(figure),
                category="2 Figures",
                labels={
                    "figure": figure.removeprefix("figure_"),
                    "shows": figure_title(PAPER, figure).partition(": ")[2],
                },
            ),
            *[figure_file(figure, extension) for extension in EXTENSIONS if extension != "png"],
        log:
            f"{PLAN.results}/logs/{figure}.log",
        group:
            light
        conda:
            ENVIRONMENT
        resources:
            mem_mb=growing(2000),
            runtime=growing(10),
        params:
            figure=figure,
            paper=PAPER,
            stem=lambda wildcards, output: output[0].removesuffix(".png"),
            tables=table_arguments(tables),
        shell:
            "python -m cnn_sensitivity figure {params.figure} --paper {params.paper} --output {params.stem:q}"
            " {params.tables:q} > {log:q} 2>&1"

    describe_rule(figure, f"{figure_title(PAPER, figure)}.")
