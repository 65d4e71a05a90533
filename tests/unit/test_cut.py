"""The cut of a batch: each part holds a key at most once, each key keeps its order (law 5)."""
