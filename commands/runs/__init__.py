"""Commands about plans: made, followed while they run, approved or rejected."""
