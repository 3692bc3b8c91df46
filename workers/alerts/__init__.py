"""Alerts: judged by the clock, told by workers."""
