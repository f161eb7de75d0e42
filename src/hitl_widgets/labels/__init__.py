"""The label store: an append-only log of events."""
