"""The attack matrix: attempts to break out, at levels of hardening, filled by really trying."""
