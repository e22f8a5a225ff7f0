"""Images: a source a file, and what is made of them."""
