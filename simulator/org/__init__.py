"""One enterprise: its contacts, what it has granted, its members' phones."""
