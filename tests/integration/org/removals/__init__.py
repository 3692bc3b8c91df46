"""Who is removed, on which answers, and what the guard lets wait."""
