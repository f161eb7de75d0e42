"""The items, their features, and their positions on the map."""
