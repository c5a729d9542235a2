"""Benchmarks: ``python -m benchmarks`` runs all of them and prints one table; ``--write`` puts it into the docs."""
