"""Background threads and child processes, and their priorities."""
