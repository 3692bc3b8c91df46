"""Who is signed in, the ways out and back, and how each stands here."""
