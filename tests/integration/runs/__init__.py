"""Full reads and plans: read, applied, torn, contradicted, rehearsed."""
