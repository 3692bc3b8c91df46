"""Journeys over pages, in a real browser."""
