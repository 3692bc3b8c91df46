"""Mail in Postgres: recorded, claimed, settled, counted."""
