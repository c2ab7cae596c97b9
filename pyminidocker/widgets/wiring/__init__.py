"""The topology: namespaces, bridges and cables as the kernel has them, and packets on them."""
