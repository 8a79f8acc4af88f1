"""Which tests of the real engine a change needs, by the code that each of them ran when it last passed."""
