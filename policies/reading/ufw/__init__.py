"""UFW's table, as the commands of a program leave it."""
