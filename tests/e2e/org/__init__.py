"""Journeys of a company's changes through the whole product."""
