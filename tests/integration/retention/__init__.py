"""What is taken away: purged, pruned, sealed anew."""
