"""The map of the items, and its preparation in the background."""
