"""Pages about full reads and held plans."""
