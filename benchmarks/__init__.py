"""How fast it is, beside the peers that are installed, measured in the same run."""
