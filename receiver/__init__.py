"""What is pushed to us: checked, kept, answered; everything else happens later."""
