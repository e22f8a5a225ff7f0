"""Tasks: images and pixel pairs with their splits, in one format (`store`)."""
