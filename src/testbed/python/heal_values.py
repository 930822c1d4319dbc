"""The two values behind a failed comparison, as far as they can be had.

In: an exception with its traceback, or a comparison that a runner saw. Out: (expected, actual)
as bounded repr strings, or None for what is not known. Which side is the expected one is read
from the failing statement: literals and names like `expected` are; otherwise the second side.
"""

import os

_VALUE_LIMIT = 2000
_STATEMENT_LINES = 12

#: unittest's assertion methods and the names of their compared parameters.
_COMPARED = {
    "assertEqual": ("first", "second"),
    "assertAlmostEqual": ("first", "second"),
    "assertListEqual": ("list1", "list2"),
    "assertTupleEqual": ("tuple1", "tuple2"),
    "assertSetEqual": ("set1", "set2"),
    "assertDictEqual": ("d1", "d2"),
    "assertCountEqual": ("first", "second"),
    "assertMultiLineEqual": ("first", "second"),
    "assertIs": ("expr1", "expr2"),
}

#: Assertion methods that compare one parameter with a constant.
_CONSTANT = {"assertTrue": "True", "assertFalse": "False", "assertIsNone": "None"}

_UNITTEST_CASE = os.path.join("unittest", "case.py")


def from_traceback(error, traceback):
    """The values of unittest's assertion methods, found in their frames."""
    caller = None
    while isinstance(error, AssertionError) and traceback is not None:
        frame = traceback.tb_frame
        name = frame.f_code.co_name
        if frame.f_code.co_filename.endswith(_UNITTEST_CASE):
            if name in _COMPARED:
                return _of_frame(frame, _COMPARED[name], caller)
            if name in _CONSTANT:
                holder = "obj" if name == "assertIsNone" else "expr"
                return _CONSTANT[name], shown(frame.f_locals.get(holder))
        caller = traceback
        traceback = traceback.tb_next
    return None, None


def of_comparison(left, right, traceback):
    """The values of `left == right`, which failed at the end of `traceback`."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return _ordered(left, right, traceback)


def shown(value):
    """A bounded repr; None when the value can't show itself."""
    try:
        return repr(value)[:_VALUE_LIMIT]
    except Exception:
        return None


def _of_frame(frame, names, caller):
    first, second = (shown(frame.f_locals.get(name)) for name in names)
    return _ordered(first, second, caller)


def _ordered(first, second, caller):
    if caller is not None and _expected_comes_first(caller):
        return first, second
    return second, first


def _expected_comes_first(traceback):
    try:
        sides = _sides(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
    except Exception:  # sources may be gone, moved or generated
        return False
    return sides is not None and _is_expectation(sides[0]) and not _is_expectation(sides[1])


def _sides(file, line):
    import ast
    import linecache

    text = ""
    for number in range(line, line + _STATEMENT_LINES):
        text += linecache.getline(file, number)
        try:
            statement = ast.parse(text.strip())
        except SyntaxError:
            continue
        return _compared_in(statement)
    return None


def _compared_in(statement):
    import ast

    for node in ast.walk(statement):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare):
            return node.test.left, node.test.comparators[0]
        called = getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
        if called.startswith("assert") and len(node.args) >= 2:
            return node.args[0], node.args[1]
    return None


def _is_expectation(node):
    import ast

    if isinstance(node, ast.Name):
        return node.id.lower().startswith(("expect", "want")) or node.id.isupper()
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True
