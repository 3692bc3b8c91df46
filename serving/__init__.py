"""The front of receiver and web: requests are read whole before they take a thread."""
