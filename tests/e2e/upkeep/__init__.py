"""Journeys on which nothing happens."""
