"""Alerts: judged by the clock, told once, over once."""
