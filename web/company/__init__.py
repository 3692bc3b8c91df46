"""Pages of a company's admin: its people, invitations, the match desk."""
