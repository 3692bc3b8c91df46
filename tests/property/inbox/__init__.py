"""Laws of mail: whatever is pushed, in whatever order, whoever dies."""
