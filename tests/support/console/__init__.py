"""An operator at the console, and one of everything to look at."""
