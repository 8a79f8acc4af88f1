"""Exact shell commands, built by pure functions and run by nobody here: components hand them to pulumi-command."""
