"""The OpenID Connect provider, and clients that others wrote."""
