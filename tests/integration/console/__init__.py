"""The console: who is let in, what they may do, what a bad night asks."""
