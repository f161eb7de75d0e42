"""The pools used by the benchmarks."""
