"""TAPD's projects: items, what people do to them, and what is sent of it."""
