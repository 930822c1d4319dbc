"""Which project lines, and which functions, are executed between two moments.

In: the project. Out: executed lines by file for each span of time, all threads included, and the
functions entered. Uses sys.monitoring where python has it and trace functions elsewhere.
"""

import sys
import threading


class LineCoverage:
    """Records while it is on; `take` ends one span and begins the next."""

    def __init__(self, project):
        self._project = project
        self._lines = {}
        #: (absolute path, function, first line) of everything entered while it was on.
        self.entered = set()
        self._tracer = _Monitoring(self) if hasattr(sys, "monitoring") else _Tracing(self)

    def start(self):
        self._tracer.start()

    def stop(self):
        self._tracer.stop()

    def take(self):
        """The lines since the last call: {relative path: sorted lines}."""
        lines, self._lines = self._lines, {}
        self._tracer.begin_span()
        return {file: sorted(numbers) for file, numbers in lines.items()}

    def enter(self, code):
        """Notes a function; False when it is not the project's."""
        path = self._project.canonical(code.co_filename)
        if path is None:
            return False
        self.entered.add((path, code.co_name, code.co_firstlineno))
        return True

    def line(self, code, number):
        """Notes a line, if it is the project's."""
        file = self._project.relative(code.co_filename)
        if file is None or number is None:
            return
        known = self._lines.get(file)
        if known is None:
            known = self._lines.setdefault(file, set())
        known.add(number)


class _Tracing:
    """sys.settrace: python up to 3.11."""

    def __init__(self, coverage):
        self._coverage = coverage
        self._is_on = False

    def start(self):
        self._is_on = True
        threading.settrace(self._call)
        sys.settrace(self._call)

    def stop(self):
        # Other threads can't be reached from here; they stop with their next line.
        self._is_on = False
        sys.settrace(None)
        threading.settrace(None)

    def begin_span(self):
        pass

    def _call(self, frame, event, _):
        if not self._is_on or not self._coverage.enter(frame.f_code):
            return None
        return self._line

    def _line(self, frame, event, _):
        if event == "line":
            if not self._is_on:
                return None
            self._coverage.line(frame.f_code, frame.f_lineno)
        return self._line


class _Monitoring:
    """sys.monitoring: every location is reported once per span, then costs nothing."""

    def __init__(self, coverage):
        self._coverage = coverage
        self._tool = None

    def start(self):
        monitoring = sys.monitoring
        events = monitoring.events
        for tool in (monitoring.COVERAGE_ID, 4, 3):
            if monitoring.get_tool(tool) is None:
                break
        self._tool = tool
        monitoring.use_tool_id(tool, "heal")
        monitoring.register_callback(tool, events.PY_START, self._call)
        monitoring.register_callback(tool, events.LINE, self._line)
        monitoring.set_events(tool, events.PY_START | events.LINE)

    def stop(self):
        if self._tool is not None:
            sys.monitoring.set_events(self._tool, 0)
            sys.monitoring.free_tool_id(self._tool)
            self._tool = None

    def begin_span(self):
        if self._tool is not None:
            sys.monitoring.restart_events()

    def _call(self, code, _):
        self._coverage.enter(code)
        return sys.monitoring.DISABLE

    def _line(self, code, number):
        self._coverage.line(code, number)
        return sys.monitoring.DISABLE
