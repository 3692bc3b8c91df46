"""What the source tree is held to, a rule a file."""
