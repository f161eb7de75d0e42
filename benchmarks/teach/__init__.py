"""Measurements of what annotators teach besides labels."""
