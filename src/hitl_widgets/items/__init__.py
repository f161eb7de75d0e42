"""The kinds of items that can be labeled, one module for each."""
