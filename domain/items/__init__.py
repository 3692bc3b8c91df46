"""Items of TAPD: what was done to them, and who wants to hear of it."""
