"""Pages about who may do what, who did what, and what was told to whom."""
