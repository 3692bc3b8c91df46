"""The queue and its doorbell: broker, ringing, presence, what is counted."""
