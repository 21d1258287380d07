"""A small app of our own making, to try the report on."""
