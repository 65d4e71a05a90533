"""Clients that others wrote, against nodes that run."""
