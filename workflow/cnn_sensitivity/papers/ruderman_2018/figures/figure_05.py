"""Figure 05: stability with smoothed filters, and with random labels."""
