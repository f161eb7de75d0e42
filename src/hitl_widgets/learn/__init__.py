"""Learners, query strategies and evaluation, which work on arrays."""
