"""Built-in features: fitted transformers that are exported along with a model."""
