"""Which account a member is: evidence gathered, decided, kept."""
