"""The built-in features of items: fitted transformers, so that a model takes them along."""
