"""Tells relying parties of sessions that ended, and ends what nobody may have."""
