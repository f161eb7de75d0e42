"""Simulated sessions in which strategies and learners compete."""
