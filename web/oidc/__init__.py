"""OpenID Connect: relying parties, TAPD first of all, have their users sign in here."""
