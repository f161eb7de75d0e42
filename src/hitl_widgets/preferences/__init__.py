"""From comparisons to a better policy: what people prefer, a reward learned from it, and what it improves."""
