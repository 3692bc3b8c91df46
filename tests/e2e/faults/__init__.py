"""Journeys on which something fails, dies or misbehaves."""
