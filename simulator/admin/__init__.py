"""What happens in an enterprise: by its admin, by its members, by a whole story."""
