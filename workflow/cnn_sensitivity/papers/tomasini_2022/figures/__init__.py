"""The figures of the paper, a module each: tables in; picture, plotted numbers and caption out."""
