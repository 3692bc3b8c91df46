"""WeCom's endpoints as the simulator answers them, one module per family."""
