"""A company's pages, for its admins."""
