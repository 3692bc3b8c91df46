"""Metrics, traces, log lines, and the rules and dashboards made of them."""
