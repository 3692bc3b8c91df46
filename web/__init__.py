"""What people and programs see: pages by who looks at them, and the JSON API."""
