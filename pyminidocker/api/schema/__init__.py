"""Docker's JSON on one side, the engine's records on the other; nothing else knows both."""
