"""The troubleshooting guide as a proof: every failure of it is broken, seen, healed and found clean."""
