"""What the OpenID Connect provider keeps: clients, consents, grants, keys, logouts."""
