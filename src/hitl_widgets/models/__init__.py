"""Trained models, to files of numbers and back."""
