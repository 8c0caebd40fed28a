"""Benchmarks: what `make bench` measures, side by side with public tools. How to read it: docs/performance.md."""
