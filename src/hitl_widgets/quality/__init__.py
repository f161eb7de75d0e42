"""How good the labels are: it reads what people said, and writes nothing."""
