"""Arrays in, arrays out: learners, query strategies, evaluation."""
