"""Mail: recorded, claimed, failed, late, moved in from the spill."""
