"""Observes every unittest result of the process, whichever runner makes it.

In: unittest, just imported. Out: the methods of `unittest.TestResult`, which runners' own result
classes extend, pass what they are told on to `heal_unittest.Recorder`. While pytest runs it says
nothing, because pytest reports unittest's classes itself.
"""

import atexit
import functools
import sys
import unittest.loader
from unittest.result import TestResult

import heal_unittest


def hook_results(observer):
    """Wraps TestResult's methods and the loader's ways to fail."""
    started_with = []

    def emit(result):
        if not observer.pytest_runs:
            observer.started("unittest", started_with or sys.argv)
            observer.result(result)

    recorder = heal_unittest.Recorder(emit)
    for method, listener in recorder.listeners().items():
        setattr(TestResult, method, _after(getattr(TestResult, method), listener))
    heal_unittest.keep_import_failures()
    _note_discovery(started_with)
    _report_broken_names(recorder)
    atexit.register(lambda: None if observer.pytest_runs else observer.ended(None))


def _after(original, listener):
    @functools.wraps(original)
    def observed(self, *args, **kwargs):
        try:
            listener(*args, **kwargs)
        except Exception:
            pass
        return original(self, *args, **kwargs)

    return observed


def _note_discovery(started_with):
    """Translates a script's own discovery into the arguments of `python -m unittest`."""
    loader = unittest.loader.TestLoader
    discover = loader.discover

    @functools.wraps(discover)
    def noted(self, start_dir, pattern="test*.py", top_level_dir=None):
        if not started_with and not sys.argv[0].endswith(("unittest", "__main__.py")):
            words = [sys.argv[0], "discover", "-s", str(start_dir), "-p", pattern]
            started_with[:] = words + (["-t", str(top_level_dir)] if top_level_dir else [])
        return discover(self, start_dir, pattern, top_level_dir)

    loader.discover = noted


def _report_broken_names(recorder):
    """unittest ends with a traceback when a module named on the command line can't be compiled."""
    loader = unittest.loader.TestLoader
    load = loader.loadTestsFromName

    @functools.wraps(load)
    def observed(self, name, module=None):
        try:
            return load(self, name, module)
        except Exception as error:
            recorder.not_loaded(name, error)
            raise

    loader.loadTestsFromName = observed
