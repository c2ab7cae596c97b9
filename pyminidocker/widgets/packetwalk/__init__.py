"""The packet walk: one request, hop by hop, with every rewritten address and what rewrote it."""
