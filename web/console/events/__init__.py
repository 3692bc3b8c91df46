"""Pages about what was pushed to us, and about trying it again."""
