"""The lessons' plans: one module per notebook, data and the functions that check."""
