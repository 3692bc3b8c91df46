"""How mail is made durable whatever the stores do: spill, heartbeat, gaps."""
