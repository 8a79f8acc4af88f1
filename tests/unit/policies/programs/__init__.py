"""Programs as other people write them, and all that the pack has to say of each."""
