"""What the whole service shows of itself: probes, metrics, refusals, lists as files."""
