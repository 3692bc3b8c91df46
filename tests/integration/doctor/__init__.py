"""The doctor: what is found unsound, and what is to be changed."""
