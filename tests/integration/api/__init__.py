"""The JSON API: its document, its doors, its routes by noun."""
