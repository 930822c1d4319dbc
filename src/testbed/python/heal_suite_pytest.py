"""A pytest session that is collected once and run in part.

In: the arguments of `python -m pytest`. Out: the items in pytest's own order; `run` reports each
through `heal_pytest.Reporter`. The project's configuration, conftests and plugins work as always;
reporting to the terminal, distribution over workers, coverage of others and the writing of caches
and reports at the session's end do not take place.
"""

import os
import re

import _pytest.config
import pytest
from _pytest.main import Session

import heal_pytest

_CONFIG_FILES = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


class PytestSuite:
    """Tests of one command line."""

    def __init__(self, arguments, project):
        self._project = project
        self._given = list(arguments)
        self._arguments = self._given + self._extra(arguments)
        self._emit = self._started = None
        self._session = None
        #: Results of files that could not be collected, or that skip themselves.
        self.broken = []
        #: Where tests get their temporary directories; None for pytest's own choice.
        self.temporary = None

    @property
    def argv(self):
        """What sys.argv is in a cold run."""
        return [os.path.join(os.path.dirname(pytest.__file__), "__main__.py")] + self._given

    def prepare(self):
        """Does in advance what needs nothing of the project: pytest's own plugins."""
        config = _pytest.config.get_config(list(self._arguments))
        _pytest.config.get_config = lambda *args, **kwargs: config

    def collect(self, files=None):
        """Collects the items; with `files` all other test files are passed over."""
        reporter = heal_pytest.Reporter(self._report, lambda nodeid: self._begun(nodeid))
        plugins = [reporter] if files is None else [reporter, _only(files)]
        try:
            config = _pytest.config._prepareconfig(self._arguments, plugins)
            self._make_lean(config)
            config._do_configure()
            self._make_quiet(config)
            self._session = Session.from_config(config)
            config.hook.pytest_sessionstart(session=self._session)
            config.hook.pytest_collection(session=self._session)
        except pytest.UsageError as error:
            raise RuntimeError("pytest refused to start: {}".format(error))
        except Exception as error:
            failure = heal_pytest.conftest_failure(error, os.getcwd())
            if failure is None:
                if type(error).__name__ not in ("Failed", "Interrupted"):
                    raise
            else:
                self._report(failure)

    def ids(self):
        """Every item's id, in order."""
        return [item.nodeid for item in self._items()]

    def run(self, wanted, emit, started=None):
        """Runs the items whose ids are `wanted` (all when None); `emit` returns True to stop."""
        items = [item for item in self._items() if wanted is None or item.nodeid in wanted]
        stopped = []
        self._emit = lambda result: stopped.append(result) if emit(result) else None
        self._started = started
        following = items[1:] + [None]
        for item, next_item in zip(items, following):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
            if stopped:
                return

    @staticmethod
    def scope(test_id):
        """What the ids of the tests behind a pseudo-test (a file) begin with."""
        if os.path.basename(test_id) == "conftest.py":
            return test_id[:-len("conftest.py")]
        return test_id + "::"

    def _items(self):
        return getattr(self._session, "items", None) or []

    def _report(self, result):
        if self._emit is None:
            self.broken.append(result)
        else:
            self._emit(result)

    def _begun(self, nodeid):
        if self._started is not None:
            self._started(nodeid)

    def _extra(self, arguments):
        extra = []
        if not any(re.match(r"-[a-zA-Z]*s$|--capture", word) for word in arguments):
            # Swapping sys.stdout suffices: the descriptors lead nowhere.
            extra.append("--capture=sys")
        if "--cov" in self._spelled_out(arguments):
            extra.append("--no-cov")
        return extra

    def _spelled_out(self, arguments):
        """Everything that may hold command line options."""
        texts = list(arguments) + [os.environ.get("PYTEST_ADDOPTS", "")]
        for directory in {self._project.root, os.getcwd()}:
            for name in _CONFIG_FILES:
                try:
                    with open(os.path.join(directory, name), errors="replace") as file:
                        texts.append(file.read())
                except OSError:
                    pass
        return "\n".join(texts)

    def _make_lean(self, config):
        option = config.option
        option.maxfail = 0
        option.tbstyle = "native"
        for name, value in (("numprocesses", None), ("dist", "no"), ("tx", [])):
            if hasattr(option, name):
                setattr(option, name, value)
        if self.temporary is not None and not getattr(option, "basetemp", None):
            option.basetemp = self.temporary

    def _make_quiet(self, config):
        """Takes the terminal's reporter out of the hooks; plugins that ask for it still get it."""
        manager = config.pluginmanager
        reporter = manager.get_plugin("terminalreporter")
        if reporter is not None:
            manager.unregister(reporter)
            names = getattr(manager, "_name2plugin", None)
            if names is not None:
                names["terminalreporter"] = reporter


def _only(files):
    """A plugin that keeps pytest from collecting other files; conftests are no test files."""

    def ignored(path):
        path = str(path)
        if os.path.basename(path) == "__init__.py" or os.path.isdir(path):
            return None
        return None if os.path.abspath(path) in files else True

    class ByPath:
        @staticmethod
        def pytest_ignore_collect(collection_path):
            return ignored(collection_path)

    class ByLegacyPath:
        @staticmethod
        def pytest_ignore_collect(path):
            return ignored(path)

    major = int(pytest.__version__.split(".", 1)[0])
    return ByPath() if major >= 7 else ByLegacyPath()
