"""What is learned of the answers: classification, several classes at once, and a scale of levels."""
