"""Seeded histories of two nodes under many faults: their end is the model's, record by record."""
