"""Figures: tables in, a picture and the numbers that it plots out. One target a figure."""

import ast

from cnn_sensitivity.figure_inputs import EXTENSIONS


def figure_file(figure, extension):
    """Return the path of a figure."""
    return f"{PLAN.figures_folder}/{figure}.{extension}"


def figure_title(figure):
    """Return what a figure shows: the line that opens its module."""
    source = (PACKAGE / "figures" / f"{figure}.py").read_text()
    return ast.get_docstring(ast.parse(source)).partition("\n")[0].rstrip(".")


def table_arguments(tables):
    """Return the command-line arguments that name the tables of each kind."""
    return [word for kind, paths in tables.items() for word in ("--table", kind, *paths)]


for figure, tables in FIGURE_INPUTS.items():

    rule:
        name:
            figure
        input:
            [path for paths in tables.values() for path in paths],
            code=code(
                "theory.py",
                "analysis/*.py",
                "figures/[!f]*.py",
                f"figures/{figure}.py",
            ),
        output:
            report(
                figure_file(figure, "png"),
                caption=f"../report/{figure}.rst",
                category="2 Figures",
                labels={
                    "figure": figure.removeprefix("figure_"),
                    "shows": figure_title(figure).partition(": ")[2],
                },
            ),
            *[figure_file(figure, extension) for extension in EXTENSIONS if extension != "png"],
        log:
            f"{PLAN.results}/logs/{figure}.log",
        group:
            "light"
        conda:
            ENVIRONMENT
        resources:
            mem_mb=growing(2000),
            runtime=growing(10),
        params:
            figure=figure,
            stem=lambda wildcards, output: output[0].removesuffix(".png"),
            tables=table_arguments(tables),
        shell:
            "python -m cnn_sensitivity figure {params.figure} --output {params.stem:q}"
            " {params.tables:q} > {log:q} 2>&1"

    # Rules made in a loop would share one docstring.
    own_name = workflow.modifier.modify_rulename(figure)
    workflow.get_rule(own_name).docstring = f"{figure_title(figure)}."
