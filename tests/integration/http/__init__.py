"""What holds for every page alike: limits, errors, names, secrets."""
