"""Item notices: a webhook followed, recipients found, cards and digests told."""
