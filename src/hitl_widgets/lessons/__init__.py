"""Lessons on active learning, on a plane of two features."""
