"""Routes about companies, corps, departments, members and their journal."""
