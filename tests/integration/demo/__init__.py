"""The demo's servers and processes, and the simulator over HTTP."""
