"""Turns what unittest tells its TestResult into heal's results.

In: the calls a TestResult gets. Out: one result per test, passed to a function when the test
ends: a test with failing subtests is one failed test, an expected failure is a pass, a class or
module whose set-up fails is an error of its own. It neither loads nor runs tests.
"""

import os
import sys
import unittest.loader
from time import perf_counter

from heal_results import RANK, bare_failure, failure_of, result


class Recorder:
    """Follows the tests of this process; `emit` gets each result."""

    def __init__(self, emit, started=None):
        self._emit, self._started = emit, started
        self._running = {}

    def listeners(self):
        """The TestResult methods to be listened to."""
        return {
            "startTest": self.start,
            "stopTest": self.stop,
            "addSuccess": lambda test: self._note(test, "passed"),
            "addFailure": lambda test, error: self._note(test, "failed", error),
            "addError": lambda test, error: self._note(test, "error", error),
            "addSkip": lambda test, reason: self._note(test, "skipped"),
            "addExpectedFailure": lambda test, error: self._note(test, "passed"),
            "addUnexpectedSuccess": self._unexpected_success,
            "addSubTest": self._subtest,
        }

    def start(self, test):
        """A test begins."""
        self._running[id(test)] = _Running()
        if self._started is not None:
            self._started(test_id(test))

    def stop(self, test):
        """A test has ended."""
        running = self._running.pop(id(test), None)
        # A result class that kept the outcome to itself leaves nothing to report.
        if running is not None and running.outcome is not None:
            self._report(test, running)

    def not_loaded(self, name, error):
        """A module can't be loaded at all."""
        failure = failure_of(error)
        file = failure["frames"][-1]["file"] if isinstance(error, SyntaxError) else None
        self._emit(result(name, name, file, "error", 0, failure))

    def _note(self, test, outcome, error=None, failure=None):
        owner = getattr(test, "test_case", test)
        if error is not None:
            failure = getattr(test, "heal_failure", None) or failure_of(error[1], error[2])
        running = self._running.get(id(owner))
        if running is None:
            # setUpClass and setUpModule are reported by a holder that is never started.
            running = _Running()
            running.add(outcome, failure)
            self._report(owner, running)
        else:
            running.add(outcome, failure)

    def _unexpected_success(self, test):
        self._note(test, "failed", failure=bare_failure("unexpected success"))

    def _subtest(self, test, subtest, error):
        if error is not None:
            is_failure = issubclass(error[0], test.failureException)
            self._note(test, "failed" if is_failure else "error", error)

    def _report(self, test, running):
        seconds = perf_counter() - running.since
        name = getattr(test, "_testMethodName", None) or test_id(test)
        told = running.outcome, seconds, running.failure
        self._emit(result(test_id(test), name, _file_of(test), *told))


class _Running:
    def __init__(self):
        self.since, self.outcome, self.failure = perf_counter(), None, None

    def add(self, outcome, failure):
        if self.outcome is None or RANK[outcome] > RANK[self.outcome]:
            self.outcome = outcome
            self.failure = self.failure or failure


def test_id(test):
    """unittest's id; for what stands in for a module that can't be imported, the module's name."""
    if is_stand_in(test):
        return getattr(test, "heal_module", None) or test._testMethodName
    return test.id()


def keep_import_failures():
    """Makes the loader remember the real exception, of which it keeps only the text."""
    loader = unittest.loader
    for maker in ("_make_failed_import_test", "_make_failed_load_tests"):
        original = getattr(loader, maker)
        if not hasattr(original, "heal_original"):
            setattr(loader, maker, _remembering(original))


def _remembering(original):
    def make(*args):
        made = original(*args)
        error = sys.exc_info()[1]
        if error is not None:
            failure, module = failure_of(error), _module_asked_for(error)
            for test in made[0]:
                test.heal_failure, test.heal_module = failure, module
        return made

    make.heal_original = original
    return make


def _module_asked_for(error):
    """The dotted name that the loader tried; its own record is only the last part."""
    traceback = error.__traceback__
    if traceback is None or traceback.tb_frame.f_code.co_name != "loadTestsFromName":
        return None
    return traceback.tb_frame.f_locals.get("module_name")


def is_stand_in(test):
    """Whether this is no test but unittest's note that one could not be loaded."""
    return type(test).__module__ == "unittest.loader"


def _file_of(test):
    module = getattr(sys.modules.get(type(test).__module__), "__file__", None)
    if is_stand_in(test):
        module = _file_of_module(test_id(test))
    elif type(test).__module__ == "unittest.suite":
        module = None
    return None if module is None else os.path.abspath(module)


def _file_of_module(name):
    inside = name.replace(".", os.sep)
    for entry in sys.path:
        for tail in (".py", os.sep + "__init__.py"):
            file = os.path.join(entry or ".", inside + tail)
            if os.path.isfile(file):
                return file
    return None
