"""One seeded run: a history, two nodes, and what goes wrong on the way."""
