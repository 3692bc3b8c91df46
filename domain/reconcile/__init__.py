"""What a difference orders to be done: whom it adds, moves, removes or lets wait."""
