"""Watches a python process for test runners and reports each test result to a pipe.

In: the path of a FIFO or file. Out: one JSON line per result there, written with one write on an
appending descriptor. Nothing is imported until the process itself imports a test runner; then
`heal_unittest` or `heal_pytest` (which know the runners) are told where to report.
It judges nothing, and a failure in here never reaches the observed program.
"""

import os
import sys

#: The last module that unittest loads of itself, and the one through which pytest starts.
_TARGETS = ("unittest.main", "_pytest.config")


class Reports:
    """The results pipe, opened with the first report."""

    def __init__(self, path):
        self._path = path
        self._descriptor = None
        self._owner = None
        # Bound now: a test may put mocks in the place of these.
        self._open, self._write, self._getpid = os.open, os.write, os.getpid
        self._set_blocking = os.set_blocking

    def send(self, report):
        """Writes `report` as one line; gives up silently when nobody can read it."""
        try:
            line = self._encode(report)
            try:
                self._put(line)
            except OSError:
                # Code under test closed every descriptor it did not know.
                self._descriptor = None
                self._put(line)
        except Exception:
            pass

    def _encode(self, report):
        import json

        return json.dumps(report, ensure_ascii=True).encode("ascii") + b"\n"

    def _put(self, line):
        if self._descriptor is None or self._owner != self._getpid():
            self._connect()
        with _Locked(self._descriptor):
            while line:
                line = line[self._write(self._descriptor, line):]

    def _connect(self):
        # Non-blocking only while opening: a FIFO without a reader would stop the program here.
        flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC
        self._descriptor = self._open(self._path, flags)
        self._set_blocking(self._descriptor, True)
        self._owner = self._getpid()


class _Locked:
    """Keeps lines longer than PIPE_BUF whole when several processes report."""

    def __init__(self, descriptor):
        self._descriptor = descriptor

    def __enter__(self):
        self._lock(True)

    def __exit__(self, *_):
        self._lock(False)

    def _lock(self, hold):
        try:
            import fcntl

            fcntl.flock(self._descriptor, fcntl.LOCK_EX if hold else fcntl.LOCK_UN)
        except (ImportError, OSError):
            pass


class Observer:
    """Reports of this process: a start event, results, an end event."""

    def __init__(self, reports):
        self._reports = reports
        self._started = None
        #: True while pytest runs: it drives unittest's classes too, and reports them itself.
        self.pytest_runs = False

    def started(self, runner, arguments):
        """The first test is about to run; later calls of the same process change nothing."""
        if self._started is None:
            self._started = runner
            self._reports.send(
                {"event": "start", "runner": runner, "args": arguments, "cwd": os.getcwd()}
            )

    def result(self, result):
        """A test has ended."""
        self._reports.send(result)

    def ended(self, exit_code):
        """The run has ended."""
        if self._started is not None:
            self._started = None
            self._reports.send({"event": "end", "exit": exit_code})


class _RunnerImports:
    """A meta-path finder that tells when a test runner's module has been loaded."""

    def __init__(self, loaded):
        self._loaded = loaded

    def find_spec(self, name, path=None, target=None):
        if name not in _TARGETS:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = None if finder is self or find is None else find(name, path, target)
            if spec is not None:
                return self._noticed(spec)
        return None

    def _noticed(self, spec):
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            try:
                self._loaded(module)
            except Exception:
                pass

        # On the instance, so that the loader keeps its type for whoever looks at it.
        spec.loader.exec_module = exec_module
        return spec


def watch(path):
    """Observes this process from now on."""
    observer = Observer(Reports(path))

    def loaded(module):
        if module.__name__ == "_pytest.config":
            from heal_pytest_hook import hook_config
            hook_config(module, observer)
        else:
            from heal_unittest_hook import hook_results
            hook_results(observer)

    sys.meta_path.insert(0, _RunnerImports(loaded))
