"""Accounts, and how each member stands to them."""
