"""Real servers and programs, well and unwell, and the browser that looks at them."""
