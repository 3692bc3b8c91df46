"""Which TAPD account a member is: accounts, claims, and the one decision."""
