"""What is learnt: inputs and targets."""
