"""Laws of links between members and accounts."""
