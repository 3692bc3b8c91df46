"""Notices to members and admins: composed, delivered, answered."""
