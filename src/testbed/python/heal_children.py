"""Runs a function in a forked process that may do its worst.

In: a function that returns bytes, limits and a deadline. Out: those bytes, or how the process
ended without them. Afterwards nothing of it is left: neither the process nor any that it started,
whatever sessions they moved to. What the child writes counts only behind a token that it was
given, so that neither an early exit nor noise on a descriptor looks like an answer.
"""

import ctypes
import os
import resource
import select
import signal
import struct
import time

PASSED_ON, CRASHED, TIMEOUT = "answer", "crashed", "timeout"

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_HEADER = struct.Struct("!16sQ")
_FILE_BYTES = 64 * 1024 * 1024
_POLL_MS = 20
_REAP_SECONDS = 5

try:
    _prctl = ctypes.CDLL(None, use_errno=True).prctl
except (OSError, AttributeError):
    _prctl = None


def become_reaper():
    """Makes orphans among the descendants this process's own children."""
    if _prctl is not None:
        _prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent():
    """Ends this process when its parent ends."""
    if _prctl is not None:
        _prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Limits:
    """What a child may use; 0 means unlimited."""

    def __init__(self, memory_bytes, processes):
        self._memory_bytes, self._processes = memory_bytes, processes

    def apply(self):
        """Limits this process, for good."""
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, _FILE_BYTES)
        if self._memory_bytes:
            _limit(resource.RLIMIT_DATA, self._memory_bytes)
        # The kernel counts the user's processes; root is not limited by it.
        if self._processes and os.geteuid() != 0:
            _limit(resource.RLIMIT_NPROC, self._processes)


def _limit(kind, value):
    try:
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):
        pass  # not every kernel can limit everything


def run(body, limits, seconds, answer_bytes, close=(), spare=()):
    """Forks, runs `body` and returns (how it ended, its bytes).

    `close` are descriptors that the child must not have, `spare` children that must live on.
    """
    deadline = time.monotonic() + seconds
    token = os.urandom(16)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _child(body, limits, token, writing, set(close) | {reading})
    os.close(writing)
    try:
        ended, answer = _Answer(reading, token, answer_bytes).wait(child, deadline)
    finally:
        os.close(reading)
        _end_group(child)
        end_leftovers(spare)
    return ended, answer


def _child(body, limits, token, writing, close):
    """Never returns; an answer that can't be given is no answer."""
    try:
        os.setsid()
        die_with_parent()
        for descriptor in close:
            os.close(descriptor)
        limits.apply()
        answer = body()
        _write_all(writing, _HEADER.pack(token, len(answer)) + answer)
    except BaseException:
        pass
    finally:
        os._exit(0)


def _write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]


class _Answer:
    """What arrives from one child."""

    def __init__(self, reading, token, limit):
        self._reading, self._token, self._limit = reading, token, limit
        self._parts, self._size = [], 0

    def wait(self, child, deadline):
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        is_gone = False
        while True:
            left = (deadline - time.monotonic()) * 1000
            if left <= 0:
                return TIMEOUT, b""
            if poll.poll(min(left, _POLL_MS)):
                if not self._read():
                    return CRASHED, b""
                done = self._finished()
                if done is not None:
                    return done
            elif is_gone:
                # A descendant holds the pipe open, but the one who would answer is no more.
                return CRASHED, b""
            else:
                is_gone = _is_gone(child)

    def _read(self):
        data = os.read(self._reading, 1 << 20)
        self._parts.append(data)
        self._size += len(data)
        return bool(data)

    def _finished(self):
        if self._size < _HEADER.size:
            return None
        if len(self._parts[0]) < _HEADER.size:
            self._parts = [b"".join(self._parts)]
        token, length = _HEADER.unpack_from(self._parts[0])
        if token != self._token or length > self._limit:
            return CRASHED, b""
        if self._size < _HEADER.size + length:
            return None
        return PASSED_ON, b"".join(self._parts)[_HEADER.size:_HEADER.size + length]


def _is_gone(child):
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _end_group(child):
    for end in (os.kill, os.killpg):
        try:
            end(child, signal.SIGKILL)
        except OSError:
            pass
    _reap(child)


def _reap(child):
    try:
        os.waitpid(child, 0)
    except ChildProcessError:
        pass


def end_leftovers(spare=()):
    """Kills every child but `spare` until there is none: killing one brings up its orphans."""
    give_up = time.monotonic() + _REAP_SECONDS
    while time.monotonic() < give_up:
        left = [child for child in _children() if child not in spare]
        if not left:
            return
        for child in left:
            try:
                os.kill(child, signal.SIGKILL)
            except OSError:
                pass
        for child in left:
            _reap(child)


def _children():
    pid = os.getpid()
    try:
        with open("/proc/self/task/{}/children".format(pid), "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return _children_by_scan(pid)


def _children_by_scan(pid):
    """For kernels that do not list children."""
    found = []
    try:
        entries = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:
        return found
    for entry in entries:
        try:
            with open("/proc/{}/stat".format(entry), "rb") as file:
                parent = int(file.read().rsplit(b")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent == pid:
            found.append(entry)
    return found
