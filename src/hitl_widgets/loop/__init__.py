"""Combines data, labels and learning; independent of the widgets."""
