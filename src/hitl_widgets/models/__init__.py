"""Saving and loading of trained models as plain numbers."""
