"""Which files belong to the project under test.

In: the repository's root. Out: yes or no and relative names for paths as python shows them.
Installed packages are no part of the project even where they lie inside its root.
"""

import os

_FOREIGN = {
    "site-packages", "dist-packages", ".venv", "venv", "node_modules", ".tox", ".nox", ".git",
}


class Project:
    """The files below one root."""

    def __init__(self, root):
        self.root = os.path.normpath(root)
        real = os.path.realpath(self.root)
        self._roots = [self.root] if real == self.root else [self.root, real]
        self._relative = {}

    def relative(self, path):
        """The path relative to the root; None for a file that is not the project's."""
        try:
            return self._relative[path]
        except KeyError:
            found = self._relative[path] = self._find(path)
            return found

    def absolute(self, relative):
        """The one spelling under which a project file is known here."""
        return os.path.normpath(os.path.join(self.root, relative))

    def canonical(self, path):
        """`absolute` of a path in any spelling; None for a file that is not the project's."""
        relative = self.relative(path)
        return None if relative is None else self.absolute(relative)

    def _find(self, path):
        if not path or path.startswith("<"):
            return None
        path = os.path.normpath(os.path.abspath(path))
        for root in self._roots:
            if path.startswith(root + os.sep):
                relative = path[len(root) + 1:]
                return None if _FOREIGN.intersection(relative.split(os.sep)) else relative
        return None

    def holds_module(self, module):
        """Whether a loaded module's code is the project's."""
        try:
            file = getattr(module, "__file__", None)
            places = [file] if file else list(getattr(module, "__path__", None) or ())
            return any(self.relative(place) is not None for place in places)
        except Exception:  # anything can be put into sys.modules
            return False
