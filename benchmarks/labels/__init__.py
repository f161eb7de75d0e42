"""Measurements of label efficiency."""
