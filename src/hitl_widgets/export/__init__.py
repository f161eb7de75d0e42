"""Labels and predictions out."""
