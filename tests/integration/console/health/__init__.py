"""The console's pages about what is out of step, and why."""
