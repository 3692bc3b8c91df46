"""What was asked of WeCom, and what its answers say and do not say."""
