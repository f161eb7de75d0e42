"""What annotators teach the model besides labels; each kept as definitions in the log."""
