"""What each path of the API does, one file per area."""
