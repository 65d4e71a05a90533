"""An index node on a real log and store: what it sets aside, what it waits for, how it stops."""
