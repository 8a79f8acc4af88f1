"""What the policy pack costs, measured: not part of `make test`, since a busy machine makes any limit lie."""
