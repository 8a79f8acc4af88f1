"""The model of UFW against the tool itself."""
