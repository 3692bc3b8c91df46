"""From an auth code to a linked corp, on pages and by callback."""
