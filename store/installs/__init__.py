"""Installs and sign-ins on their way."""
