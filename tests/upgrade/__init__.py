"""The ring of releases: what a release left, and what today's program would do to it (README.md)."""
