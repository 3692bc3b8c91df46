"""The console's pages about events and their stories."""
