"""What an operator asks of events: which are wanted, and all of them retried."""
