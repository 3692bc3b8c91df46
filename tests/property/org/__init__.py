"""Laws of the org: whatever happens and whatever WeCom says of it."""
