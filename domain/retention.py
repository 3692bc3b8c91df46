"""For how long what is over is kept."""

# What machines did is of interest for half a year, what people decided for two.
KEPT_DAYS = 180
DECIDED_DAYS = 730
