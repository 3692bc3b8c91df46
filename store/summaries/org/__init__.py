"""Read-only queries about corps, departments, members and their journal."""
