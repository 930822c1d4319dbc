"""Measures how fast and in how much memory `heal explain` reads large logs.

    cargo build --release && python3 docs/measure_logs.py [FOLDER_WITH_LOGS]

Joins the logs of the folder (default: fixtures/logs) into one of 200 MB and one of 1 GiB, reads each with
`cat`, `grep -c error`, ripgrep where it is installed, and `heal explain`, and prints MB/s and the peak resident memory. Each
figure is the best of three runs with the file in the page cache, on one core (taskset).
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEAL = ROOT / "target/release/heal"


def joined(logs: list[pathlib.Path], size: int, path: pathlib.Path) -> None:
    with path.open("wb") as out:
        written = 0
        while written < size:
            for log in logs:
                data = log.read_bytes() + b"\n"
                out.write(data[: size - written])
                written += min(len(data), size - written)


def run(command: list[str]) -> tuple[float, int]:
    """Seconds and peak resident memory in KiB."""
    # grep ends at the first match when it writes to /dev/null; cat would fill the disk with anything else.
    with open(os.devnull, "wb") if command[0] == "cat" else tempfile.TemporaryFile() as out:
        start = time.monotonic()
        child = subprocess.Popen(["taskset", "-c", "0", *command], stdout=out, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(child.pid, 0)
        return time.monotonic() - start, usage.ru_maxrss


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "fixtures/logs"
    logs = sorted(path for path in folder.rglob("*") if path.suffix in {".log", ".txt"})
    with tempfile.TemporaryDirectory() as scratch:
        for name, size in [("200 MB", 200_000_000), ("1 GiB", 1 << 30)]:
            path = pathlib.Path(scratch) / "big.log"
            joined(logs, size, path)
            commands = {
                "cat": ["cat", str(path)],
                "grep -c error": ["grep", "-c", "error", str(path)],
                "rg -c error": ["rg", "-c", "error", str(path)],
                "heal explain": [str(HEAL), "explain", str(path), "--json"],
            }
            for title, command in commands.items():
                if shutil.which(command[0]) is None:
                    continue
                runs = [run(command) for _ in range(3)]
                seconds = min(seconds for seconds, _ in runs)
                memory = max(memory for _, memory in runs)
                print(f"{name:<8} {title:<16} {seconds:7.2f} s  {size / 1e6 / seconds:8.0f} MB/s  {memory / 1024:6.1f} MiB")


if __name__ == "__main__":
    main()
