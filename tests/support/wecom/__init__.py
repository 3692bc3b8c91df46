"""WeCom as a double in process: its truth, its answers, its lies."""
