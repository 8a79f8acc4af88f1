"""What a shell text does, as far as it can be known without running it: its commands in order, and the files that it writes."""

from policies.reading.shell.trace import HOLE, Act, Trace, known
from policies.reading.shell.walk import read

__all__ = ["HOLE", "Act", "Trace", "known", "read"]
