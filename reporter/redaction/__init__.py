"""The gate between what was found and what leaves the machine."""
