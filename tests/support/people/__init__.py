"""Members, admins and relying parties at the web, and their rows."""
