"""The protocol as Authlib speaks it, over our store: grants, tokens, logout."""
