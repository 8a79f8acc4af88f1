"""Facts of the host: one module a subject. What is marked in them runs there (program.py)."""
