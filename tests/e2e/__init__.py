"""Journeys: one product for all that a process tests of them, closed after."""
