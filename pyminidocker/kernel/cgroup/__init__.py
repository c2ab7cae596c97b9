"""Control groups: limits, accounting and freezing for a group of processes.

See: cgroups(7).
"""
