"""Laws of what people are told."""
