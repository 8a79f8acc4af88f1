"""Judges the platform's resources. See docs/policies.md, which is generated from the rules."""
