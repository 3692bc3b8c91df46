"""Commands about who may come in: operators, their sessions, clients of OpenID."""
