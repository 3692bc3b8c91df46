"""Routes about full reads, held plans, and what a resync would do."""
