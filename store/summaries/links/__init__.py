"""Read-only queries about accounts, claims and people."""
