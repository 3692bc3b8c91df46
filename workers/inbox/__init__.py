"""Mail that waits: drained from its mailbox, moved in from the spill."""
