"""Registers heal's reporter in every pytest run of the process.

In: the freshly loaded module `_pytest.config`. Out: its `get_config` registers the reporter as a
plugin object, which no command line or environment variable can switch off; a conftest that
can't be imported is reported as an error of that file. Results are made in `heal_pytest`.
"""

import os
import sys


def hook_config(module, observer):
    """Wraps the functions through which every run of pytest gets its configuration."""
    get_config, prepare = module.get_config, module._prepareconfig
    active = []

    def observed_get_config(*args, **kwargs):
        config = get_config(*args, **kwargs)
        # A run inside a test (pytester) is that test's business.
        if not active:
            active.append(config)
            _register(config, observer, active.clear)
        return config

    def observed_prepare(*args, **kwargs):
        try:
            return prepare(*args, **kwargs)
        except BaseException as error:
            _report_startup(error, observer)
            active.clear()
            raise

    module.get_config, module._prepareconfig = observed_get_config, observed_prepare


def _register(config, observer, forget):
    try:
        from heal_pytest import Reporter

        config.pluginmanager.register(_Observed(observer, forget), "heal-observer")
        config.pluginmanager.register(Reporter(observer.result), "heal-reporter")
    except Exception:
        pass


def _report_startup(error, observer):
    try:
        from heal_pytest import conftest_failure

        result = conftest_failure(error, os.getcwd())
        if result is not None:
            observer.started("pytest", sys.argv)
            observer.result(result)
            observer.ended(4)
    except Exception:
        pass


class _Observed:
    """The plugin that tells of the run itself."""

    def __init__(self, observer, forget):
        self._observer, self._forget = observer, forget

    def pytest_configure(self, config):
        self._observer.pytest_runs = True
        # A worker of pytest-xdist leaves the reporting to its controller.
        if not hasattr(config, "workerinput"):
            params = getattr(config, "invocation_params", None)
            given = [str(word) for word in params.args] if params else sys.argv[1:]
            self._observer.started("pytest", sys.argv[:1] + given)

    def pytest_sessionfinish(self, session, exitstatus):
        if not hasattr(session.config, "workerinput"):
            self._observer.ended(int(exitstatus))

    def pytest_unconfigure(self):
        self._observer.pytest_runs = False
        self._forget()
