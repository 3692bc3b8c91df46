"""The clock, the bell and the leases: what keeps the work going."""
