"""Commands for whoever keeps the service going and has only a shell."""
