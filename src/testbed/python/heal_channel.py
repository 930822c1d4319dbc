"""JSON lines over descriptors that project code does not know.

In: descriptors. Out: requests, one per line, and a way to answer. It bounds nothing: both ends
are heal's.
"""

import fcntl
import json
import os
import select
import socket
import time

#: Private descriptors begin here, so that tests see the numbers they are used to.
_FIRST_PRIVATE = 200


class Channel:
    """One end of a conversation."""

    def __init__(self, reading, writing):
        self._reading, self._writing = reading, writing
        self._buffer = b""

    @property
    def descriptors(self):
        return {self._reading, self._writing}

    def send(self, message):
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:
            data = data[os.write(self._writing, data):]

    def requests(self):
        """Messages until the other end is gone."""
        while True:
            message = self.receive()
            if message is None:
                return
            yield message

    def receive(self, seconds=None):
        """The next message; None when the other end is gone, TimeoutError when it is silent."""
        deadline = None if seconds is None else time.monotonic() + seconds
        parts = [self._buffer]
        while b"\n" not in parts[-1]:
            if deadline is not None:
                self._wait(deadline - time.monotonic())
            data = os.read(self._reading, 1 << 20)
            if not data:
                return None
            parts.append(data)
        line, _, self._buffer = b"".join(parts).partition(b"\n")
        return json.loads(line.decode())

    def close(self):
        for descriptor in self.descriptors:
            os.close(descriptor)

    def _wait(self, seconds):
        ready = select.select([self._reading], [], [], max(seconds, 0))[0]
        if not ready:
            raise TimeoutError


def pair():
    """Two connected channels."""
    one, other = socket.socketpair()
    ends = []
    for end in (one, other):
        descriptor = _private(end.fileno())
        end.close()
        ends.append(Channel(descriptor, descriptor))
    return ends


def take_over_stdio():
    """The channel over stdin and stdout, which from then on lead nowhere for everyone else."""
    channel = Channel(_private(0), _private(1))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return channel


def _private(descriptor):
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_PRIVATE)
