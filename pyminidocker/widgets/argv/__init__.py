"""The argv calculator: what ENTRYPOINT, CMD and the words after the image make of each other."""
