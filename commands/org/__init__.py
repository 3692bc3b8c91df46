"""Commands about a corp's people: what was different when, what a sync would do."""
