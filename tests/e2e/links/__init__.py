"""Journeys from an install to people who are linked."""
