"""The kinds of questions, and the vocabulary of classes with its history of changes."""
