"""Finds out whether an edit can be made by exchanging the code of live functions.

In: a module's old and new code object and the functions that ran while it was imported. Out: the
pairs (old, new) of code objects to exchange, or None when the module must be imported afresh:
its own statements, a class body, a signature or default, or something that import relied on has
changed. Line numbers do not count, except that the new code carries the right ones.
"""

from types import CodeType

_CO_HAS_DOCSTRING = 0x4000000
_SIGNATURE = ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags")
_BODY = (
    "co_code", "co_names", "co_varnames", "co_cellvars", "co_freevars", "co_name",
    "co_exceptiontable",
) + _SIGNATURE


def exchange(old, new, ran_at_import):
    """The pairs to exchange; empty when nothing differs, None when that does not suffice.

    `ran_at_import` holds (name, first line) of the old code executed before the first test.
    """
    if not _same_body(old, new):
        return None
    pairs = []
    return pairs if _compare_nested(old, new, ran_at_import, pairs) else None


def nested(code):
    """The code objects directly inside `code`, in order."""
    return [const for const in code.co_consts if isinstance(const, CodeType)]


def _compare_nested(old, new, ran_at_import, pairs):
    for inner_old, inner_new in zip(nested(old), nested(new)):
        if _same_body(inner_old, inner_new):
            before = len(pairs)
            if not _compare_nested(inner_old, inner_new, ran_at_import, pairs):
                return False
            # The outer function makes the inner ones of the future from its constants.
            if len(pairs) > before:
                pairs.append((inner_old, inner_new))
        elif _exchangeable(inner_old, inner_new, ran_at_import):
            pairs.append((inner_old, inner_new))
        else:
            return False
    return True


def _exchangeable(old, new, ran_at_import):
    if old.co_name.startswith("__annotate") or (old.co_name, old.co_firstlineno) in ran_at_import:
        return False
    return _signature(old) == _signature(new)


def _signature(code):
    arguments = code.co_argcount + code.co_kwonlyargcount
    arguments += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
    shape = [getattr(code, name) for name in _SIGNATURE + ("co_freevars",)]
    return shape + [code.co_varnames[:arguments], _docstring(code)]


def _docstring(code):
    first = code.co_consts[0] if code.co_consts else None
    if not isinstance(first, str) or code.co_name == "<lambda>":
        return None
    if _marks_docstrings() and not code.co_flags & _CO_HAS_DOCSTRING:
        return None
    return first


def _marks_docstrings():
    return bool(_documented.__code__.co_flags & _CO_HAS_DOCSTRING)


def _documented():
    """Shows whether this python marks functions with docstrings."""


def _same_body(old, new):
    same = all(getattr(old, name, None) == getattr(new, name, None) for name in _BODY)
    return same and _constants(old.co_consts) == _constants(new.co_consts)


def _constants(value):
    """Constants in a form in which 1, 1.0 and True differ and nested code is only a name."""
    if isinstance(value, CodeType):
        return CodeType, value.co_name
    if isinstance(value, tuple):
        return tuple, [_constants(item) for item in value]
    if isinstance(value, frozenset):
        return frozenset, sorted(repr(_constants(item)) for item in value)
    return type(value), repr(value)
