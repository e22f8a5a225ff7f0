"""Figure ours: two measures of the same networks."""
