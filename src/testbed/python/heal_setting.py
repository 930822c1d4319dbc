"""What a warm server was asked to serve, and the process state in which the tests run.

In: the `init` request. Out: working directory, sys.path and sys.argv as the cold command would
have them, and a suite for its runner.
"""

import os
import sys

import heal_children
from heal_project import Project
from heal_sources import Sources


class Setting:
    """One test command in one repository."""

    def __init__(self, request, temporary):
        self.project = Project(request["root"])
        self.cwd = request.get("cwd") or request["root"]
        self.runner = request["runner"]
        self.arguments = list(request.get("args", ()))
        self.wants_coverage = bool(request.get("coverage"))
        self.seconds = request.get("timeout_ms", 60000) / 1000
        self.limits = heal_children.Limits(
            request.get("memory_bytes", 0), request.get("processes", 0)
        )
        self.sources = Sources(self.project)
        self._temporary = temporary
        self._suite = None
        self._cwd_on_path = request.get("cwd_on_path", True)

    def enter(self):
        """Puts this process where the cold command's would be."""
        os.chdir(self.cwd)
        here = os.path.dirname(os.path.abspath(__file__))
        sys.dont_write_bytecode = True
        sys.argv = [self.runner] + self.arguments
        # A script's own directory stands first; `python -m` has the working directory there.
        if sys.path and os.path.abspath(sys.path[0]) == here:
            del sys.path[0]
        if here not in sys.path:
            sys.path.append(here)
        if self._cwd_on_path and not getattr(sys.flags, "safe_path", False):
            sys.path.insert(0, os.getcwd())
        self.sources.install()

    def load_runner(self):
        """Imports the runner and heal's view of it; returns the class of its suites."""
        if self.runner == "unittest":
            from heal_suite_unittest import UnittestSuite
            return UnittestSuite
        from heal_suite_pytest import PytestSuite
        self.sources.install_in_pytest()
        return PytestSuite

    def suite(self):
        """The suite of this process, not yet collected."""
        if self._suite is None:
            self._suite = self.load_runner()(self.arguments, self.project)
            self._suite.temporary = self._temporary
            sys.argv = self._suite.argv
        return self._suite

    def scope(self, test_id):
        """What the ids of the tests behind a pseudo-test begin with."""
        return self.load_runner().scope(test_id)
