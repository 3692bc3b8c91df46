"""Read-only queries about full reads and held plans."""
