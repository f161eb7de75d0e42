"""Measurements of the built-in features."""
