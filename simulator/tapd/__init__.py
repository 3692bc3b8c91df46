"""TAPD in a box: its API, its pages, its companies, and its people."""
