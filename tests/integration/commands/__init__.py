"""The command line: what it does, what it says, its exit status."""
