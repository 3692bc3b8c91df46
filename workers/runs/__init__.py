"""Full reads of a corp: read into staging, caught up, applied."""
