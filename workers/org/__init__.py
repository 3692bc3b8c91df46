"""The org brought to what WeCom says now: observed, guarded, applied."""
