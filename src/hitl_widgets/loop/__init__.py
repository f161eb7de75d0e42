"""Where data, labels and learning meet; knows no screen."""
