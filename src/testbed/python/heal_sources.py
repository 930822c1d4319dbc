"""Serves project modules from memory: edited texts, and code compiled earlier.

In: texts by absolute path. Out: python's and pytest's loaders, patched once per process, execute
those instead of the files. The disk is never written. Programs that tests start as processes of
their own, and files read as data, are not reached.
"""

import ast
import linecache
import os
import re
from importlib.machinery import SourceFileLoader

#: How a file was compiled: as it stands, or with pytest's assertions rewritten.
PLAIN, REWRITTEN = "plain", "rewritten"

_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


class Sources:
    """The memory from which this process loads project modules."""

    def __init__(self, project):
        self._project = project
        #: Edited texts by path.
        self.texts = {}
        #: Code by (kind, path), compiled from the files as they are on disk.
        self.codes = {}
        #: What this process has executed, in the same form.
        self.executed = {}
        self._pytest_config = None
        self._is_in_pytest = False

    def install(self):
        """Patches python's loader of source files."""
        get_code, get_data = SourceFileLoader.get_code, SourceFileLoader.get_data
        sources = self

        def patched_get_code(self, fullname):
            named = self.get_filename(fullname)
            path = sources._project.canonical(named)
            if path is None:
                return get_code(self, fullname)
            return sources._code(PLAIN, path, named, lambda: get_code(self, fullname))

        def patched_get_data(self, path):
            text = sources.texts.get(sources._project.canonical(path)) if sources.texts else None
            return get_data(self, path) if text is None else _encoded(text)

        SourceFileLoader.get_code, SourceFileLoader.get_data = patched_get_code, patched_get_data

    def install_in_pytest(self):
        """Patches pytest's loader of test files, which has its own way to compile; once."""
        if self._is_in_pytest:
            return
        self._is_in_pytest = True
        from _pytest.assertion import rewrite

        rewrite_test, read_pyc = rewrite._rewrite_test, rewrite._read_pyc
        sources = self

        def patched_rewrite_test(fn, config):
            sources._pytest_config = config
            path = sources._project.canonical(str(fn))
            if path is None:
                return rewrite_test(fn, config)
            code = sources._code(REWRITTEN, path, str(fn), lambda: rewrite_test(fn, config)[1])
            return os.stat(str(fn)), code

        def patched_read_pyc(source, *args, **kwargs):
            ours = sources._project.relative(str(source)) is not None
            return None if ours else read_pyc(source, *args, **kwargs)

        rewrite._rewrite_test, rewrite._read_pyc = patched_rewrite_test, patched_read_pyc
        # The server has loaded plugins before pytest could mark them; that is no fault of theirs.
        rewrite.AssertionRewritingHook._warn_already_imported = lambda *args: None

    def edit(self, path, text):
        """Puts `text` in the place of the file."""
        self.texts[path] = text
        lines = text.splitlines(True)
        # Without a modification time linecache keeps the entry.
        linecache.cache[path] = (len(text), None, lines, path)

    def compile(self, kind, path, text, named=None):
        """The code of `text`, as the loader of that kind would compile it."""
        named = named or path
        if kind == PLAIN:
            return compile(text, named, "exec", dont_inherit=True)
        from _pytest.assertion import rewrite

        tree = ast.parse(text, filename=named)
        rewrite.rewrite_asserts(tree, text.encode("utf-8", "replace"), named, self._pytest_config)
        return compile(tree, named, "exec", dont_inherit=True)

    def _code(self, kind, path, named, load):
        if path in self.texts:
            return self.compile(kind, path, self.texts[path], named)
        key = kind, path
        code = self.codes.get(key)
        if code is None or code.co_filename != named:
            code = self.codes[key] = load()
        self.executed[key] = code
        return code


def _encoded(text):
    """The bytes that would decode to `text`, coding cookie included."""
    for line in text.split("\n", 2)[:2]:
        cookie = _COOKIE.match(line)
        if cookie:
            try:
                return text.encode(cookie.group(1))
            except (LookupError, UnicodeError):
                break
    return text.encode("utf-8", "surrogateescape")
