"""Routes about what was pushed to us: events, where they went, what was refused."""
