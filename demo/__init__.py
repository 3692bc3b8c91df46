"""Everything on one machine: `make demo`, and `make run` for a real suite."""
