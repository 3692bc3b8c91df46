"""Read-only queries about the whole product: what waits, what is out of step."""
