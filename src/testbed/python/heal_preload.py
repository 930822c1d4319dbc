"""Loads modules of others in advance, so that candidates find them in memory.

In: module names that the probe saw. Out: those modules in sys.modules where they can be imported
without the project; a module that needs project code is left to the candidates.
"""

import importlib
import sys
import warnings


class _NoProjectModules:
    """A meta-path finder that lets no project file be loaded."""

    def __init__(self, project):
        self._project = project

    def find_spec(self, name, path=None, target=None):
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = None if finder is self or find is None else find(name, path, target)
            if spec is not None:
                if spec.has_location and self._project.relative(spec.origin) is not None:
                    raise ImportError("{} belongs to the project".format(name))
                return spec
        return None


def preload(names, project):
    """Imports what can be imported."""
    guard = _NoProjectModules(project)
    sys.meta_path.insert(0, guard)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in names:
                _load(name)
    finally:
        sys.meta_path.remove(guard)


def _load(name):
    if name in sys.modules or name == "__main__" or name.startswith("heal_"):
        return
    try:
        importlib.import_module(name)
    except BaseException:  # whatever it is, the candidates meet it as the cold run does
        pass
