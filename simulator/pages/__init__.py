"""Pages on which a person acts as the admin, as a member, or signs in."""
