"""Routes about the whole service: alerts, audit, files, operators, workers."""
