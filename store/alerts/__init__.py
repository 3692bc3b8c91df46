"""Alerts: what began and what is over, and what is told of it to whom."""
