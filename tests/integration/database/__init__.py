"""Postgres itself: pools, migrations, indexes, and when it is unwell."""
