"""Threads and child processes: what works in the background, and who goes first."""
