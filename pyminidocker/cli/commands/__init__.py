"""The verbs: parse, one call of the client, format."""
