"""Values of the domain: with defaults, and at random."""
