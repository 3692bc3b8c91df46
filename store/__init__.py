"""Postgres, Redis' spill and what is sealed: SQL beside the function that runs it."""
