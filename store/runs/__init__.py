"""Full reads and plans: wanted, staged, held, rehearsed."""
