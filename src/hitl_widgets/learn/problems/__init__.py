"""Learning problems: classification, several classes at once, and levels on a scale."""
