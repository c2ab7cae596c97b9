"""Base images made on the spot, from what the machine already has: no registry needed."""
