"""Pages of members: sign-in, their link to TAPD, and who they are here."""
