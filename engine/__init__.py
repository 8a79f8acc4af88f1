"""Gets a real Pulumi engine and the Python environment onto this machine; standard library only."""
