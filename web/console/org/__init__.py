"""Pages about corps, their departments and their people."""
