"""Label quality: reads labels and writes nothing."""
