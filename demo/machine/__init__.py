"""Programs on one machine: started, watched, ended, and never left behind."""
