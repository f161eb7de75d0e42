"""What all views of a session share: items, acts, classes."""
