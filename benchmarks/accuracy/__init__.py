"""Whether intervals cover what they should."""
