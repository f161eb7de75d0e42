"""The pools that are labelled, and where they come from."""
