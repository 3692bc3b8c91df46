"""Who is signed in, in which browser: random ids that are known here by their hash."""
