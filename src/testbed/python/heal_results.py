"""Test results in the form in which heal reads them.

In: a test's identity and the exception that ended it. Out: plain dictionaries of bounded size,
the same for a cold run and for the warm server. It knows no test runner.
"""

import os

import heal_values

MESSAGE_LIMIT = 4000
FRAME_LIMIT = 50

#: From good to bad; a test that reports twice has the worse outcome.
RANK = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}


def result(test_id, name, file, outcome, seconds, failure=None):
    """One result; `failure` as made by `failure_of` or `bare_failure`."""
    told = failure or {}
    return {
        "id": test_id,
        "file": file,
        "name": name,
        "outcome": outcome,
        "duration_ms": round(seconds * 1000, 3),
        "message": told.get("message"),
        "exception": told.get("exception"),
        "frames": told.get("frames", []),
        "expected": told.get("expected"),
        "actual": told.get("actual"),
    }


def failure_of(error, traceback=None, values=None):
    """What is known of a failure from the exception itself.

    `values` are (expected, actual) when the runner knew them better than the traceback.
    """
    traceback = traceback if traceback is not None else getattr(error, "__traceback__", None)
    expected, actual = values or heal_values.from_traceback(error, traceback)
    return {
        "message": _message(error),
        "exception": _type_name(type(error)),
        "frames": _frames(error, traceback),
        "expected": expected,
        "actual": actual,
    }


def bare_failure(message, exception=None, frames=()):
    """A failure of which only text is left."""
    return {"message": str(message)[:MESSAGE_LIMIT], "exception": exception, "frames": list(frames)}


def any_failing(results):
    """Whether one of the results is failing."""
    return any(is_failing(result["outcome"]) for result in results)


def is_failing(outcome):
    """Whether an outcome means that something is wrong."""
    return RANK[outcome] >= RANK["failed"]


def _message(error):
    try:
        return str(error)[:MESSAGE_LIMIT]
    except Exception as second:  # a broken __str__ is the project's, the failure is still one
        return "<{} while showing the exception>".format(type(second).__name__)


def _type_name(kind):
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return "{}.{}".format(kind.__module__, kind.__qualname__)


def _frames(error, traceback):
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(_frame(code.co_filename, traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        # Code that can't be compiled has no frame of its own.
        frames.append(_frame(error.filename, error.lineno, "<module>"))
    return frames[-FRAME_LIMIT:]


def _frame(file, line, function):
    if not file.startswith("<"):
        file = os.path.abspath(file)
    return {"file": file, "line": line or 0, "function": function}
