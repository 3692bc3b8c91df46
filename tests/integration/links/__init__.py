"""Accounts, and how each member is linked with one."""
