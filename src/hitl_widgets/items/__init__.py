"""What is labelled: one file for each kind of item."""
