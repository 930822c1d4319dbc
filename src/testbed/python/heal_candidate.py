"""The part of a check that runs inside the candidate's own process, and the judging of its answer.

In: a suite, the requested ids and what the tests did without a candidate. Out: results as compact
bytes from the child; `judge` makes a verdict of them outside. A pass is given only for tests that
were seen to pass: a test that has vanished or is skipped now counts as failed.
"""

import json

from heal_results import is_failing

_MESSAGE_LIMIT = 1000


class Baseline:
    """The tests without a candidate."""

    def __init__(self, setting, results, collected):
        self._setting = setting
        self.order = [result["id"] for result in results]
        self.outcomes = {result["id"]: result["outcome"] for result in results}
        self._files = {result["id"]: result["file"] for result in results}
        self._index = {test_id: index for index, test_id in enumerate(self.order)}
        #: Modules and classes that could not be set up: they stand for the tests behind them.
        self._scopes = {
            test_id: setting.scope(test_id) for test_id in set(self.order) - set(collected)
        }

    def selects(self, tests, candidates):
        """Which of the collected `candidates` a request for `tests` runs; None for all."""
        if not tests:
            return None
        scopes = self._scopes_of(tests)
        wanted = set(tests)
        if scopes:
            wanted.update(one for one in candidates if one.startswith(scopes))
        return wanted

    def files(self, tests):
        """The test files needed for `tests`; None when that is not known."""
        if not tests or self._scopes_of(tests):
            return None
        files = {self._files.get(test_id) for test_id in tests}
        return None if None in files else files

    def short(self, test_id):
        """An id as sent through the pipe."""
        return self._index.get(test_id, test_id)

    def long(self, short):
        """The id of what `short` made."""
        return self.order[short] if isinstance(short, int) else short

    def scope(self, test_id):
        """What the ids behind a pseudo-test begin with; None for a test."""
        return self._scopes.get(test_id)

    def _scopes_of(self, tests):
        return tuple(self._scopes[test_id] for test_id in tests if test_id in self._scopes)


def run(suite, baseline, tests, stop_on_fail):
    """Runs the requested tests of a collected suite; for the child."""
    answer = {"results": [], "message": None}

    def emit(result):
        failing = is_failing(result["outcome"])
        answer["results"].append((baseline.short(result["id"]), result["outcome"]))
        if failing and answer["message"] is None:
            answer["message"] = _summary(result)
        return failing and stop_on_fail

    suite.run(baseline.selects(tests, suite.ids()), emit)
    for broken in suite.broken:
        emit(broken)
    return json.dumps(answer).encode()


def failure(error):
    """The answer of a child whose tests could not be started at all."""
    message = "{}: {}".format(type(error).__name__, error)[:_MESSAGE_LIMIT]
    return json.dumps({"results": [], "message": message}).encode()


def judge(answer, baseline, tests, stop_on_fail):
    """The verdict for what a child has answered."""
    try:
        told = json.loads(answer.decode())
        outcomes = _outcomes(told["results"], baseline)
    except (ValueError, KeyError, TypeError, IndexError):
        return {"outcome": "crashed", "failed": [], "passed": [], "message": "unreadable answer"}
    requested = list(tests) or baseline.order
    failed = [one for one in requested if _is_bad(one, outcomes, baseline)]
    # Tests behind a pseudo-test, or new ones, were not named but must not fail either.
    named = set(requested)
    scopes = tuple(filter(None, (baseline.scope(one) for one in requested)))
    failed += [
        one for one, outcome in outcomes.items()
        if one not in named and is_failing(outcome) and (not tests or one.startswith(scopes))
    ]
    message = told.get("message")
    if stop_on_fail and any(is_failing(outcomes.get(one, "passed")) for one in failed):
        # What was not reached is neither passed nor failed.
        failed = [one for one in failed if one in outcomes]
    elif failed and message is None:
        message = "{}: did not run".format(failed[0])
    bad = set(failed)
    passed = [one for one in requested if one not in bad and _was_seen(one, outcomes, baseline)]
    outcome = "failed" if failed else "passed"
    return {"outcome": outcome, "failed": failed, "passed": passed, "message": message}


def _outcomes(results, baseline):
    outcomes = {}
    for short, outcome in results:
        test_id = baseline.long(short)
        # Of several reports for one test the worst counts.
        if is_failing(outcome) or not is_failing(outcomes.get(test_id, "passed")):
            outcomes[test_id] = outcome
    return outcomes


def _is_bad(test_id, outcomes, baseline):
    outcome = outcomes.get(test_id)
    if outcome is not None and is_failing(outcome):
        return True
    if outcome == "skipped":
        return baseline.outcomes.get(test_id) != "skipped"
    return outcome is None and not _scope_passed(test_id, outcomes, baseline)


def _was_seen(test_id, outcomes, baseline):
    return test_id in outcomes or _scope_passed(test_id, outcomes, baseline)


def _scope_passed(test_id, outcomes, baseline):
    scope = baseline.scope(test_id)
    if scope is None:
        return False
    behind = [outcome for one, outcome in outcomes.items() if one.startswith(scope)]
    return "passed" in behind and not any(is_failing(outcome) for outcome in behind)


def _summary(result):
    text = "{}: {}: {}".format(result["id"], result["exception"], result["message"])
    return text[:_MESSAGE_LIMIT]
