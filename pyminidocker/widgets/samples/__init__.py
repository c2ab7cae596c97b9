"""Measurements as they are: every value a dot, with the median and how many there were."""
