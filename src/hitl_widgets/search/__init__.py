"""Search: what a person types to find items, and the index of the items' words."""
