"""What operators write, made into values, and what cannot be said so."""
