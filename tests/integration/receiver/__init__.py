"""What is pushed to us is kept, and answered in time, whatever the stores do."""
