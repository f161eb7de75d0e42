"""The map: what is found in the background, and where the items lie."""
