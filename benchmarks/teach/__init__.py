"""Benchmarks of what annotators teach besides labels."""
