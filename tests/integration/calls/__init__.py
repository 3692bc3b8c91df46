"""Calls to WeCom: tokens, limits, corps that do not answer."""
