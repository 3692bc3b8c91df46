"""Read-only queries for the JSON API, the console and the metrics."""
