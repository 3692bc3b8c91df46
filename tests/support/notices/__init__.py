"""What reaches phones: notices, and cards about items."""
