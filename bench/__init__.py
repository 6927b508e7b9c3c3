"""Benchmarks: every figure beside the bare minimum of the same run, both sides interleaved."""
