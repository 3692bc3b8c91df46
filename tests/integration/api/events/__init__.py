"""The API's routes about events, and about what is waited for."""
