"""The org: corps, departments, members, and the journal they fold from."""
