"""What is tried on a real Postgres and Redis, a room a noun."""
