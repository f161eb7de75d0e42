"""What the items are and where they lie."""
