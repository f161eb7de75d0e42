"""What is asked: the kinds of questions, and the vocabulary of classes through every change of it."""
