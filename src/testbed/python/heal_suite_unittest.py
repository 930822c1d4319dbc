"""A unittest suite that is loaded once and run in part.

In: the arguments of `python -m unittest`. Out: the tests in unittest's own order; `run` reports
each through `heal_unittest.Recorder`, with setUpModule and setUpClass as always. Nothing is
printed; buffering, catching of signals and fail-fast are the caller's business.
"""

import copy
import os
import unittest
from unittest.main import TestProgram

import heal_unittest


class UnittestSuite:
    """Tests of one command line."""

    def __init__(self, arguments, project):
        #: What sys.argv is in a cold run.
        self.argv = ["python -m unittest"] + list(arguments)
        self._suite = None
        #: Results of modules that could not be loaded, or that skip themselves.
        self.broken = []

    def prepare(self):
        """unittest has nothing that could be done in advance."""

    def collect(self, files=None):
        """Loads the tests; with `files` discovery passes over all other test files."""
        heal_unittest.keep_import_failures()
        program = _program_that_only_loads(_Loader(files))
        recorder = heal_unittest.Recorder(self.broken.append)
        try:
            self._suite = program(module=None, argv=list(self.argv)).test
        except SystemExit as error:
            raise RuntimeError("unittest refused its arguments: {}".format(error))
        except Exception as error:
            self._suite = unittest.TestSuite()
            recorder.not_loaded(_name_being_loaded(error), error)
        for test in _tests(self._suite):
            if heal_unittest.is_stand_in(test):
                test.run(_Result(recorder))
        tests = _part(self._suite, lambda test: not heal_unittest.is_stand_in(test))
        self._suite = tests or unittest.TestSuite()

    def ids(self):
        """Every test's id, in order."""
        return [heal_unittest.test_id(test) for test in _tests(self._suite)]

    def run(self, wanted, emit, started=None):
        """Runs the tests whose ids are `wanted` (all when None); `emit` returns True to stop."""
        result = _Result(None)

        def emit_and_stop(test):
            if emit(test):
                result.stop()

        result.recorder = heal_unittest.Recorder(emit_and_stop, started)
        suite = self._suite
        if wanted is not None:
            suite = _part(suite, lambda test: heal_unittest.test_id(test) in wanted)
        if suite is not None:
            suite.run(result)

    @staticmethod
    def scope(test_id):
        """What the ids of the tests behind a pseudo-test (a module, a class) begin with."""
        if test_id.endswith(")") and " (" in test_id:
            test_id = test_id[test_id.index(" (") + 2:-1]
        return test_id + "."


class _Loader(unittest.TestLoader):
    """Discovers in some files only."""

    def __init__(self, files):
        super().__init__()
        self._files = files

    def _match_path(self, path, full_path, pattern):
        if self._files is not None and os.path.abspath(full_path) not in self._files:
            return False
        return super()._match_path(path, full_path, pattern)


def _program_that_only_loads(loader):
    class Program(TestProgram):
        def __init__(self, module, argv):
            super().__init__(module=module, argv=argv, testLoader=loader, exit=False)

        def runTests(self):
            pass

    return Program


class _Result(unittest.TestResult):
    """Passes everything on and formats nothing."""

    def __init__(self, recorder):
        super().__init__()
        self.recorder = recorder

    def _tell(self, method, *args):
        self.recorder.listeners()[method](*args)


def _name_being_loaded(error):
    """The name of the command line at which loading broke off."""
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_name == "loadTestsFromName":
            return traceback.tb_frame.f_locals["name"]
        traceback = traceback.tb_next
    return "unittest"


def _teller(method):
    def tell(self, *args):
        self._tell(method, *args)

    return tell


for _method in heal_unittest.Recorder(None).listeners():
    setattr(_Result, _method, _teller(_method))


def _tests(suite):
    try:
        members = iter(suite)
    except TypeError:
        yield suite
        return
    for member in members:
        yield from _tests(member)


def _part(suite, keeps):
    """The same tree of suites with some of its tests; None when none is left."""
    try:
        members = list(suite)
    except TypeError:
        return suite if keeps(suite) else None
    kept = [part for part in (_part(member, keeps) for member in members) if part is not None]
    if not kept:
        return None
    part = copy.copy(suite)
    part._tests = kept
    return part
