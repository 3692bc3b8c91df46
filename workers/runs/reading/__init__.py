"""What a run reads page by page and set by set, and what it asks a second time."""
