"""From an auth code to a linked corp, and back out again."""
