"""What figures and claims share: selections, statistics, fits, words. No torch."""
