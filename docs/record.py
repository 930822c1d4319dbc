"""Makes docs/demo.svg from a real run: python3 docs/record.py [program]

Runs `heal demo` in a pseudo terminal, keeps what it prints in its colours, and draws it as SVG. Nothing
is added or changed but the live line of progress, of which only the last state would be visible.
"""

import html
import os
import pty
import re
import sys

COLOURS = {"31": "#ff8a80", "32": "#57c46f", "1": "#ffffff", "2": "#8b949e"}
SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
LINE_HEIGHT, CHARACTER, MARGIN = 18, 8.1, 16


def record(program):
    chunks = []

    def read(descriptor):
        data = os.read(descriptor, 65536)
        chunks.append(data)
        return data

    os.environ.update(TERM="xterm-256color", COLUMNS="110")
    os.environ.pop("NO_COLOR", None)
    pty.spawn([program, "demo"], read)
    return b"".join(chunks).decode("utf-8", "replace").replace("\r\n", "\n")


def lines(text):
    """What remains on the screen: a line that was overwritten shows its last state only."""
    for line in text.split("\n"):
        line = line.rsplit("\r", 1)[-1]
        yield SEQUENCE.sub(lambda found: found.group(0) if found.group(2) == "m" else "", line)


def spans(line):
    colour, weight, rest = None, None, []
    position = 0
    for found in SEQUENCE.finditer(line):
        rest.append((line[position : found.start()], colour, weight))
        position = found.end()
        code = found.group(1)
        colour = COLOURS.get(code)
        weight = "bold" if code == "1" else None
    rest.append((line[position:], colour, weight))
    return [part for part in rest if part[0]]


def draw(text):
    kept = [line for line in lines(text)]
    while kept and not kept[-1].strip():
        kept.pop()
    width = max(len(SEQUENCE.sub("", line)) for line in kept) * CHARACTER + 2 * MARGIN
    height = len(kept) * LINE_HEIGHT + 2 * MARGIN
    rows = []
    for number, line in enumerate(kept):
        y = MARGIN + (number + 0.8) * LINE_HEIGHT
        parts = "".join(
            f'<tspan fill="{colour or "#d0d7de"}"{" font-weight=" + chr(34) + weight + chr(34) if weight else ""}>'
            f"{html.escape(part)}</tspan>"
            for part, colour, weight in spans(line)
        )
        rows.append(f'<text x="{MARGIN}" y="{y:.1f}" xml:space="preserve">{parts}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13.4">'
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>' + "\n".join(rows) + "</svg>\n"
    )


if __name__ == "__main__":
    program = sys.argv[1] if len(sys.argv) > 1 else "target/release/heal"
    picture = draw(record(program))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "demo.svg"), "w", encoding="utf-8") as file:
        file.write(picture)
