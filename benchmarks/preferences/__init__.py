"""Measurements of preferences, with simulated people."""
