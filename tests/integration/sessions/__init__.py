"""Signing in and out: members and operators."""
