"""The process that has every test loaded and forks candidates from there: the fast path.

In: requests of the server over a socket. Out: a verdict, or "slow" when the edit can't be made in
a process that has already imported the edited module (see `heal_codediff`). It executes nothing
of a candidate itself; it only compiles.
"""

import gc
import json
import os
import signal
import sys
import types

import heal_candidate
import heal_channel
import heal_children
import heal_codediff
from heal_results import any_failing

#: The most that a candidate may answer, in bytes.
ANSWER_BYTES = 1 << 20

#: The most for a run of everything with full results.
RESULTS_BYTES = 256 << 20

SLOW = "slow"


class Worker:
    """One loaded suite."""

    def __init__(self, setting, baseline, ran_at_import):
        self._setting, self._baseline = setting, baseline
        self._ran = _by_path(ran_at_import)
        self._suite = setting.suite()
        self._suite.collect()
        self._functions = _functions_by_code(setting.project)
        self._channel_descriptors = ()

    def serve(self, channel):
        """Answers until the server is gone."""
        self._channel_descriptors = channel.descriptors
        heal_children.become_reaper()
        gc.collect()
        gc.freeze()
        gc.disable()
        # A fork would leave the other threads' locks behind as they are.
        is_alone = len(sys._current_frames()) == 1
        channel.send({"usable": is_alone and not any_failing(self._suite.broken)})
        for request in channel.requests():
            channel.send(self._answer(request))

    def _answer(self, request):
        if request["op"] == "results":
            return self._results(request)
        plan = self._plan(request["edits"])
        if plan is None:
            return {"outcome": SLOW}
        return check(
            lambda: self._run_edited(plan, request),
            self._setting, self._baseline, request, self._channel_descriptors,
        )

    def _plan(self, edits):
        """Code to exchange and texts to serve, or None when that does not suffice."""
        pairs, texts = [], {}
        for path, text in edits.items():
            texts[path] = text
            for (kind, executed), code in self._setting.sources.executed.items():
                if executed == path:
                    new = self._setting.sources.compile(kind, path, text, code.co_filename)
                    more = heal_codediff.exchange(code, new, self._ran.get(path, ()))
                    if more is None:
                        return None
                    pairs += more
        return pairs, texts

    def _run_edited(self, plan, request):
        pairs, texts = plan
        gc.enable()
        for path, text in texts.items():
            self._setting.sources.edit(path, text)
        for old, new in pairs:
            for function in self._functions.get(id(old), ()):
                function.__code__ = new
        return heal_candidate.run(
            self._suite, self._baseline, request["tests"], request["stop_on_fail"]
        )

    def _results(self, request):
        """Everything once more as it is, with full results."""
        ended, answer = heal_children.run(
            lambda: full_results(self._suite), self._setting.limits,
            request["seconds"], RESULTS_BYTES, self._channel_descriptors,
        )
        return {"outcome": ended, "results": json.loads(answer.decode()) if answer else []}


def full_results(suite):
    """Runs everything; for a child."""
    results = list(suite.broken)
    suite.run(None, results.append)
    return json.dumps(results).encode()


def check(body, setting, baseline, request, close, spare=()):
    """Runs a candidate's child and judges it."""
    ended, answer = heal_children.run(
        body, setting.limits, request["timeout_ms"] / 1000, ANSWER_BYTES, close, spare
    )
    if ended != heal_children.PASSED_ON:
        return {"outcome": ended, "failed": [], "passed": [], "message": None}
    return heal_candidate.judge(answer, baseline, request["tests"], request["stop_on_fail"])


def start(setting, baseline, ran_at_import, close):
    """Forks a worker; returns (its process, the channel to it)."""
    ours, theirs = heal_channel.pair()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            heal_children.die_with_parent()
            for descriptor in set(close) | set(ours.descriptors):
                os.close(descriptor)
            Worker(setting, baseline, ran_at_import).serve(theirs)
        except BaseException:
            pass
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    theirs.close()
    return child, ours


def _by_path(ran_at_import):
    ran = {}
    for path, name, line in ran_at_import:
        ran.setdefault(path, set()).add((name, line))
    return ran


def _functions_by_code(project):
    """Live functions of the project by the identity of their code."""
    functions = {}
    for thing in gc.get_objects():
        if type(thing) is types.FunctionType:
            if project.relative(thing.__code__.co_filename) is not None:
                functions.setdefault(id(thing.__code__), []).append(thing)
    return functions
