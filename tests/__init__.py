"""Tests, by how much of the product each needs: nothing, real stores, all of it."""
