"""The console's pages about corps and their people."""
