"""A company on the real pipeline: what happens in it, and what is told of it."""
