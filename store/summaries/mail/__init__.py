"""Read-only queries about events: where each stands, and its story."""
