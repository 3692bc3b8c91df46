"""What the org is made of: people, departments, whom we see, what changed when."""
