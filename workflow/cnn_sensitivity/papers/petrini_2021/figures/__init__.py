"""One module a figure of P21: its tables in; picture, plotted numbers and caption out."""
