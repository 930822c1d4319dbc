"""A pytest plugin that turns pytest's reports into heal's results.

In: the hooks of one pytest run. Out: every test's result, and every file that can't be collected,
passed to a function as soon as it is complete. With pytest-xdist the workers attach what only
they know (the exception) to their reports and the controller alone reports.
"""

import os

from _pytest.config import hookimpl

import heal_values
from heal_results import RANK, bare_failure, failure_of, result


class Reporter:
    """The plugin; `emit` gets each result, `started` each test's id before it runs."""

    def __init__(self, emit, started=None):
        self._emit, self._started = emit, started
        self._running = {}
        self._compared = None
        self._is_worker = False

    def pytest_configure(self, config):
        self._is_worker = hasattr(config, "workerinput")

    @hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid, location):
        if self._started is not None:
            self._started(nodeid)

    @hookimpl(tryfirst=True)
    def pytest_assertrepr_compare(self, op, left, right):
        """Only listens; the explanation is left to the others."""
        if op == "==":
            self._compared = heal_values.shown(left), heal_values.shown(right)

    @hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = (yield).get_result()
        report.heal_file = _path_of(item)
        if call.excinfo is not None:
            if report.outcome == "failed":
                report.heal_failure = self._failure(call.excinfo)
            self._compared = None

    @hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector):
        report = (yield).get_result()
        report.heal_file = _path_of(collector)
        call = getattr(report, "call", None)
        if report.outcome == "failed" and call is not None and call.excinfo is not None:
            report.heal_failure = failure_of(_import_cause(call.excinfo.value))

    def pytest_collectreport(self, report):
        if report.passed or self._is_worker or not report.nodeid:
            return
        outcome = "error" if report.failed else "skipped"
        failure = _told(report) if report.failed else None
        file = getattr(report, "heal_file", None)
        self._emit(result(report.nodeid, report.nodeid, file, outcome, 0, failure))

    def pytest_runtest_logreport(self, report):
        if self._is_worker:
            return
        if report.outcome == "rerun":
            self._running.pop(report.nodeid, None)
            return
        test = self._running.setdefault(report.nodeid, _Test())
        test.add(report)
        # A lost xdist worker is reported in a phase of its own, "???".
        if report.when not in ("setup", "call"):
            del self._running[report.nodeid]
            self._emit(test.result(report.nodeid))

    def _failure(self, excinfo):
        values = None
        if self._compared is not None and isinstance(excinfo.value, AssertionError):
            values = heal_values.of_comparison(*self._compared, traceback=excinfo.tb)
        return failure_of(excinfo.value, excinfo.tb, values)


class _Test:
    """A test whose phases are being reported."""

    def __init__(self):
        self.outcome, self.seconds, self.failure, self.file = "passed", 0, None, None

    def add(self, report):
        self.seconds += getattr(report, "duration", 0)
        self.file = getattr(report, "heal_file", None) or self.file
        outcome = _phase_outcome(report)
        if RANK[outcome] > RANK[self.outcome] and self.failure is None:
            self.outcome = outcome
            self.failure = _told(report) if report.failed else None

    def result(self, nodeid):
        name = nodeid.split("::", 1)[-1]
        return result(nodeid, name, self.file, self.outcome, self.seconds, self.failure)


def _phase_outcome(report):
    if report.failed:
        return "error" if report.when in ("setup", "teardown") else "failed"
    # A skipped part of a test (subtests have a context) does not skip the test.
    if report.skipped and not hasattr(report, "wasxfail") and not hasattr(report, "context"):
        return "skipped"
    return "passed"


def conftest_failure(error, directory):
    """The result for a conftest that can't be imported; None for any other error."""
    if type(error).__name__ != "ConftestImportFailure":
        return None
    path = str(getattr(error, "path", "conftest.py"))
    test_id = os.path.relpath(path, directory)
    return result(test_id, test_id, path, "error", 0, failure_of(_import_cause(error)))


def _import_cause(error):
    """The exception behind pytest's own ones that say "can't be imported"."""
    if type(error).__name__ == "ConftestImportFailure":
        excinfo = getattr(error, "excinfo", None)
        error = getattr(error, "cause", None) or (excinfo[1] if excinfo else error)
    if type(error).__name__ == "CollectError" and error.__cause__ is not None:
        error = error.__cause__
    return error


def _told(report):
    known = getattr(report, "heal_failure", None)
    if known is not None:
        return known
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return bare_failure(report.longrepr)
    frame = {"file": os.path.abspath(str(crash.path)), "line": crash.lineno, "function": ""}
    return bare_failure(crash.message, None, [frame])


def _path_of(node):
    path = getattr(node, "path", None) or getattr(node, "fspath", None)
    return None if path is None else os.path.abspath(str(path))
