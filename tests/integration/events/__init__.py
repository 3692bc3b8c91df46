"""What an event comes to, and what it costs."""
