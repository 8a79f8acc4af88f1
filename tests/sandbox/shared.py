"""One platform for all modules that leave it as they found it: made for the first of them, looked at for each other."""

from __future__ import annotations

from sandbox import steps

from .outside import stop_writing
from .stack import STACK, Stack, make


class Shared:
    """The run's platform. Whoever takes it gets it as declared and well, whatever the one before did to it."""

    def __init__(self) -> None:
        self._stack: Stack | None = None

    def bare(self) -> Stack:
        """A sandbox with nothing in it, on which others go on after it was brought up."""
        self._stack = make("platform")
        return Stack(self._stack.settings)

    def platform(self) -> Stack:
        """The platform, up. Raises AssertionError when not even a new one gets well."""
        if self._stack is None or not self._put_right():
            self.bare().up()
        assert self._stack
        self._stack.well()
        return Stack(self._stack.settings)

    def _put_right(self) -> bool:
        """Whether it is as declared, after one `up` at most."""
        assert self._stack
        try:
            stop_writing(self._stack)
            if self._stack.pulumi("preview", "--expect-no-changes", check=False).returncode:
                self._stack.mech("recover", "--stack", STACK, "--force")  # nobody else works on this stack
                self._stack.up("--skip-preview")
                self._stack.pulumi("preview", "--expect-no-changes")
            self._stack.well()
        except Exception as error:
            print(f"the platform is made anew, since: {str(error)[-1500:]}")
            return False
        return True

    def close(self) -> None:
        if self._stack:
            steps.remove(self._stack.settings)
            self._stack = None
