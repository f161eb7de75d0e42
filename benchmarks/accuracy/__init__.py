"""Measurements of the coverage of intervals."""
