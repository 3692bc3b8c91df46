"""Pages about the product itself: what is out of step, queues, refused callbacks."""
