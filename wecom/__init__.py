"""Everything that is WeCom's idea rather than ours, and knows nothing of ours."""
