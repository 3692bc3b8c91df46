"""Item notices: from TAPD's webhook to a card."""
