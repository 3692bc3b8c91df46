"""What the clock does every second, and what it takes away."""
