"""The entry: `snakemake` in this folder finds it. The workflow itself is `workflow/Snakefile`."""


include: "workflow/Snakefile"


# An included file sets no default target.
workflow.default_target = "all"
