"""What happens later: actors of one line, and the plain functions that they call."""
