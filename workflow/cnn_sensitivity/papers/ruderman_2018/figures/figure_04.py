"""Figure 04: smoothness of the filters, by downsampling, true and random labels."""
