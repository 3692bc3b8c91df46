"""Contact events: what a batch of them points at, asked about and applied."""
