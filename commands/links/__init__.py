"""Commands about TAPD's people: read in from files, and links that are doubtful."""
