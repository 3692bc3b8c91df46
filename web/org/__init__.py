"""A corp and its people as console and API both tell of them, and ask for them."""
