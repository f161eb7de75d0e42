"""Code shared by all views of a session: items, acts, classes."""
