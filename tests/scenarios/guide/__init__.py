"""One failure of the guide a file; each defines SCENARIO."""
