"""What survives which fault."""
