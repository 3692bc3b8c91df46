"""Every word that people read: one catalogue per language, and what is made of them."""
