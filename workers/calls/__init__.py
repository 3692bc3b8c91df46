"""Calls to WeCom and TAPD: tokens, limits, retries, and how each is counted."""
