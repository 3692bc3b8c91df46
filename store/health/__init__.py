"""How the product itself stands: what is out of step, and how it was before."""
