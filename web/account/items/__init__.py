"""What is open for a member in TAPD, and what of items they are told."""
