"""Laws: what holds for whatever Hypothesis thinks of, a room a noun."""
