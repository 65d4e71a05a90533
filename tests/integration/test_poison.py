"""Poison among good events, in a real log and store: it is buried with its origin, and nothing waits for it."""
