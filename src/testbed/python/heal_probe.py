"""The first run of the tests, in a process of its own that has seen nothing before.

In: a setting. Out, as marshalled data: every result, the lines each test executed, what ran while
importing, the code of the project's modules, and the modules of others that were loaded. The
server learns from it what to load in advance; nothing that this process does reaches it.
"""

import marshal
import sys

import heal_coverage
from heal_results import any_failing

IMPORT = "<import>"


def explore(setting):
    """Collects and runs everything; meant for a forked child."""
    coverage = heal_coverage.LineCoverage(setting.project)
    suite = setting.suite()
    coverage.start()
    suite.collect()
    spans = _Spans(coverage)
    spans.keep(IMPORT)
    ran_at_import = sorted(coverage.entered)
    if not setting.wants_coverage:
        coverage.stop()
    results, collected = list(suite.broken), suite.ids()
    suite.run(None, _collector(results, spans), spans.begin)
    coverage.stop()
    return marshal.dumps({
        "results": results,
        "is_broken": any_failing(suite.broken),
        "collected": collected,
        "coverage": spans.kept if setting.wants_coverage else {},
        "ran_at_import": ran_at_import,
        "codes": list(setting.sources.codes.items()),
        "files": _project_files(setting, coverage),
        "foreign_modules": _foreign_modules(setting.project),
    })


def _collector(results, spans):
    def emit(result):
        results.append(result)
        spans.keep(result["id"])

    return emit


class _Spans:
    """Attributes lines to tests: what runs before a test (fixtures of its class) is the test's."""

    def __init__(self, coverage):
        self._coverage = coverage
        self._before = {}
        self.kept = {}

    def begin(self, _):
        self._before = self._coverage.take()

    def keep(self, test_id):
        lines = _merged(self._before, self._coverage.take())
        self._before = {}
        self.kept[test_id] = _merged(self.kept.get(test_id, {}), lines)


def _merged(one, other):
    if not one or not other:
        return one or other
    files = set(one) | set(other)
    return {file: sorted(set(one.get(file, ())) | set(other.get(file, ()))) for file in files}


def _project_files(setting, coverage):
    project = setting.project
    paths = [path for _, path in setting.sources.executed]
    paths += [path for path, _, _ in coverage.entered]
    return sorted({project.relative(path) for path in paths})


def _foreign_modules(project):
    """Names of loaded modules that are not the project's, in the order of loading."""
    return [
        name for name, module in list(sys.modules.items())
        if isinstance(name, str) and not project.holds_module(module)
    ]
