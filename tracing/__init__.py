"""Traces from callback to notice, for whoever has set an endpoint; nothing else."""
