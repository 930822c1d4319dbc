"""Compiles files without running them: `heal_compile.py FILE…`, one JSON line about each file, in their order.

`{"file", "by"}` says that it compiles, `{"file", "line", "message", "text"}` what is wrong, `{"file", "skipped"}` or
`{"file", "unanswered"}` why nobody knows.
"""

import json
import sys
import warnings

LARGEST = 2 * 1024 * 1024


def judged(path):
    with open(path, "rb") as file:
        source = file.read(LARGEST + 1)
    if len(source) > LARGEST:
        return {"skipped": "is over 2 MiB: not checked"}
    try:
        compile(source, path, "exec", flags=0, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, OverflowError) as error:
        line = getattr(error, "lineno", None) or 0
        lines = source.splitlines()
        text = lines[line - 1].strip() if 0 < line <= len(lines) else b""
        message = getattr(error, "msg", None) or str(error)
        return {"line": line, "message": str(message)[:200], "text": text.decode("utf-8", "replace")[:200]}
    return {"by": "python3 compiles"}


warnings.simplefilter("ignore")
for name in sys.argv[1:]:
    try:
        answer = judged(name)
    except FileNotFoundError:
        answer = {"skipped": "is not there"}
    except (OSError, MemoryError) as failure:
        answer = {"unanswered": type(failure).__name__}
    print("HEAL-SYNTAX " + json.dumps({"file": name, **answer}), flush=True)
