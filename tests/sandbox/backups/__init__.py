"""What makes a backup bad: run on the sandbox's host, with the modules of the program that stands there."""
