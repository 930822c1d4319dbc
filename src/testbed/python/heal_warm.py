"""The warm server: answers in milliseconds whether tests pass with edited sources.

In: JSON lines on stdin: `init` (which tests), then `check` (edited texts, test ids). Out: one JSON
line per request on stdout. This process never imports project code. A probe child runs everything
once and tells what there is (`heal_probe`); a worker child keeps all tests loaded and forks
candidates whose edits are confined to function bodies (`heal_worker`); any other candidate is
forked from here and imports everything afresh with the edited texts in place.
An answer is a hint for the search, not a proof: candidates share the disk.
"""

import gc
import json
import marshal
import os
import shutil
import signal
import tempfile
import time

import heal_candidate
import heal_channel
import heal_children
import heal_preload
import heal_probe
import heal_worker
from heal_results import is_failing
from heal_setting import Setting

#: How much longer than its candidate the worker may take to answer.
_WORKER_GRACE = 0.15


class Unservable(Exception):
    """Why there can be no warm server."""


class Server:
    """Everything behind one `init`."""

    def __init__(self, channel, temporary):
        self._channel, self._temporary = channel, temporary
        self._setting = self._baseline = None
        self._ran_at_import = ()
        self._is_fast = False
        self._worker = None

    def init(self, request):
        """Gets ready; the answer tells about the tests as they are."""
        self._setting = Setting(request, self._temporary)
        self._setting.enter()
        heal_children.become_reaper()
        probed = self._probe()
        self._setting.sources.codes.update(probed["codes"])
        heal_preload.preload(probed["foreign_modules"], self._setting.project)
        self._setting.suite().prepare()
        self._ran_at_import = probed["ran_at_import"]
        results = _worst(probed["results"])
        if not results:
            raise Unservable("no tests were found")
        self._baseline = heal_candidate.Baseline(self._setting, results, probed["collected"])
        gc.collect()
        gc.freeze()
        self._is_fast = not probed["is_broken"] and self._start_worker()
        self._confirm(results)
        coverage = [{"id": key, "files": files} for key, files in probed["coverage"].items()]
        return {
            "event": "ready", "tests": results, "coverage": coverage,
            "files": probed["files"], "error": None,
        }

    def check(self, request):
        """The verdict for one candidate."""
        began = time.monotonic()
        verdict = self._refusal(request)
        if verdict is None:
            edits = {
                self._setting.project.absolute(edit["file"]): edit["text"]
                for edit in request.get("edits", ())
            }
            told = {
                "op": "check", "edits": edits, "tests": request.get("tests") or [],
                "timeout_ms": request.get("timeout_ms", 10000),
                "stop_on_fail": bool(request.get("stop_on_fail")),
            }
            verdict = self._syntax_error(told) or self._ask_worker(told)
            if verdict["outcome"] == heal_worker.SLOW:
                verdict = self._check_afresh(told)
        verdict["id"] = request.get("id", 0)
        verdict["ms"] = round((time.monotonic() - began) * 1000, 3)
        return verdict

    def renew(self):
        """Replaces a worker that a candidate has taken with it, while nobody waits."""
        if self._is_fast and self._worker is None:
            self._start_worker()

    def stop(self):
        """Ends everything that was started."""
        heal_children.end_leftovers()

    def _probe(self):
        ended, answer = heal_children.run(
            lambda: _explored(self._setting), self._setting.limits, self._setting.seconds,
            heal_worker.RESULTS_BYTES, self._channel.descriptors,
        )
        if ended == heal_children.TIMEOUT:
            raise Unservable("the tests do not end in time")
        if ended == heal_children.CRASHED:
            raise Unservable("the tests end their own process")
        probed = marshal.loads(answer)
        if "error" in probed:
            raise Unservable(probed["error"])
        return probed

    def _confirm(self, results):
        """Runs everything warm and takes the durations: the probe's are those of traced code."""
        for _ in range(2):
            again = self._warm_results()
            warm = {result["id"]: result for result in _worst(again)}
            different = sorted(
                result["id"] for result in results
                if result["id"] not in warm
                or is_failing(result["outcome"]) != is_failing(warm[result["id"]]["outcome"])
            )
            if not different:
                for result in results:
                    result["duration_ms"] = warm[result["id"]]["duration_ms"]
                return
        raise Unservable("tests end differently when warm: {}".format(", ".join(different[:5])))

    def _warm_results(self):
        seconds = self._setting.seconds
        if self._is_fast:
            _, channel = self._worker
            try:
                channel.send({"op": "results", "seconds": seconds})
                answer = channel.receive(seconds + _WORKER_GRACE)
            except (OSError, ValueError):
                answer = None
            if answer is None:
                raise Unservable("the tests do not end in a warm process")
            return answer["results"]
        ended, answer = heal_children.run(
            lambda: heal_worker.full_results(self._collected(None)), self._setting.limits,
            seconds, heal_worker.RESULTS_BYTES, self._channel.descriptors, self._worker_pids(),
        )
        if ended != heal_children.PASSED_ON:
            raise Unservable("the tests do not end in a warm process")
        return json.loads(answer.decode())

    def _refusal(self, request):
        for edit in request.get("edits", ()):
            if not edit["file"].endswith((".py", ".pyw")):
                message = "{} is not loaded through python's imports".format(edit["file"])
                return {"outcome": "crashed", "failed": [], "passed": [], "message": message}
        return None

    def _syntax_error(self, request):
        """A text that is no python fails every test that could load it, without running any."""
        loaded = {path for _, path in self._setting.sources.codes}
        for path, text in request["edits"].items():
            if path not in loaded:
                continue
            try:
                compile(text, path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
                failed = request["tests"] or self._baseline.order
                message = "{}: {}".format(type(error).__name__, error)
                return {"outcome": "failed", "failed": failed, "passed": [], "message": message}
        return None

    def _ask_worker(self, request):
        slow = {"outcome": heal_worker.SLOW}
        if self._worker is None:
            return slow
        _, channel = self._worker
        try:
            channel.send(request)
            answer = channel.receive(request["timeout_ms"] / 1000 + _WORKER_GRACE)
            outcome = heal_children.CRASHED
        except TimeoutError:
            answer, outcome = None, heal_children.TIMEOUT
        except (OSError, ValueError):
            answer, outcome = None, heal_children.CRASHED
        if answer is None:
            self._end_worker()
            return {"outcome": outcome, "failed": [], "passed": [], "message": None}
        return answer

    def _check_afresh(self, request):
        def body():
            for path, text in request["edits"].items():
                self._setting.sources.edit(path, text)
            gc.enable()
            try:
                suite = self._collected(self._baseline.files(request["tests"]))
            except Exception as error:
                return heal_candidate.failure(error)
            return heal_candidate.run(
                suite, self._baseline, request["tests"], request["stop_on_fail"]
            )

        return heal_worker.check(
            body, self._setting, self._baseline, request,
            self._descriptors(), self._worker_pids(),
        )

    def _collected(self, files):
        suite = self._setting.suite()
        suite.collect(files)
        return suite

    def _start_worker(self):
        gc.disable()
        self._worker = heal_worker.start(
            self._setting, self._baseline, self._ran_at_import, self._descriptors()
        )
        try:
            told = self._worker[1].receive(self._setting.seconds)
        except (OSError, ValueError):
            told = None
        if told is not None and told["usable"]:
            return True
        self._end_worker()
        return False

    def _end_worker(self):
        child, channel = self._worker
        self._worker = None
        channel.close()
        try:
            os.kill(child, signal.SIGKILL)
        except OSError:
            pass
        heal_children.end_leftovers()

    def _worker_pids(self):
        return () if self._worker is None else (self._worker[0],)

    def _descriptors(self):
        ours = set(self._channel.descriptors)
        return ours if self._worker is None else ours | self._worker[1].descriptors


def _explored(setting):
    try:
        return heal_probe.explore(setting)
    except Exception as error:
        return marshal.dumps({"error": "{}: {}".format(type(error).__name__, error)})


def _worst(results):
    """One result per test, in order; the worse one where a test reported twice."""
    kept = {}
    for result in results:
        known = kept.get(result["id"])
        if known is None or is_failing(result["outcome"]) and not is_failing(known["outcome"]):
            kept[result["id"]] = result
    return list(kept.values())


def _serve(channel, temporary):
    server = Server(channel, temporary)
    for request in channel.requests():
        if request["op"] == "stop":
            break
        if request["op"] == "init":
            channel.send(_initialised(server, request))
        else:
            channel.send(server.check(request))
            server.renew()
    server.stop()


def _initialised(server, request):
    try:
        return server.init(request)
    except Exception as error:
        kind = "" if isinstance(error, Unservable) else type(error).__name__ + ": "
        return {
            "event": "ready", "tests": [], "coverage": [], "files": [],
            "error": "{}{}".format(kind, error),
        }


def main():
    """Serves stdin and stdout until told to stop."""
    channel = heal_channel.take_over_stdio()
    home = tempfile.mkdtemp(prefix="heal-warm-")
    try:
        _serve(channel, os.path.join(home, "tests"))
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os._exit(0)


if __name__ == "__main__":
    main()
