"""How good the built-in features are."""
