"""What all tenants share: tokens, pauses, schedule, operators, counts."""
