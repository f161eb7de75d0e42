"""Measurements of reliability."""
