"""Benchmarks of what is taught besides labels."""
