"""Measures `heal explain --repo` on a generated repository of a million lines.

    cargo build --release && python3 docs/measure_repository.py

Makes 5,000 Python files of 200 lines with ten commits, and the log of a test that fails in one of them; prints the time of the
first call (after dropping the page cache where that is allowed) and of the best of three further ones.
"""

import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEAL = ROOT / "target/release/heal"
FILES, FUNCTIONS = 5_000, 40


def module(number: int, broken: bool) -> str:
    operator = "-" if broken else "+"
    functions = [f"def work_{index}(a, b):\n    total = a {operator} b\n    if total > {index}:\n        return total\n    return b\n" for index in range(FUNCTIONS)]
    return "".join(functions)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch) / "repository"
        for number in range(FILES):
            path = root / f"src/package_{number // 100}/module_{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(module(number, False))
        (root / "tests").mkdir()
        (root / "tests/test_all.py").write_text("from package_7.module_777 import work_3\n\ndef test_work():\n    assert work_3(1, 2) == 3\n")
        git = lambda *arguments: subprocess.run(["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True, capture_output=True)
        git("init", "-q")
        git("add", "-A")
        git("commit", "-qm", "everything")
        for number in range(9):
            path = root / f"src/package_{number}/module_{number * 111}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(module(number, True))
            git("add", "-A")
            git("commit", "-qm", f"change {number}")
        lines = sum(len(path.read_text().splitlines()) for path in root.rglob("*.py"))
        log = pathlib.Path(scratch) / "ci.log"
        log.write_text(
            "============================= test session starts ==============================\n"
            "=================================== FAILURES ===================================\n"
            "__________________________________ test_work ___________________________________\n\n"
            "    def test_work():\n>       assert work_3(1, 2) == 3\nE       assert -1 == 3\nE        +  where -1 = work_3(1, 2)\n\n"
            "tests/test_all.py:4: AssertionError\n"
            "=========================== short test summary info ============================\n"
            "FAILED tests/test_all.py::test_work - assert -1 == 3\n"
            "============================== 1 failed in 0.05s ===============================\n"
        )
        try:
            subprocess.run(["sync"], check=True)
            pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
            cold = "page cache dropped"
        except OSError:
            cold = "page cache could not be dropped"

        def call() -> tuple[float, str]:
            start = time.monotonic()
            done = subprocess.run([str(HEAL), "explain", str(log), "--repo", str(root)], capture_output=True, text=True, check=True)
            return time.monotonic() - start, done.stdout

        first, text = call()
        print(f"{lines:,} lines in {FILES:,} files")
        print(f"cold {first:.2f} s ({cold}), warm {min(call()[0] for _ in range(3)):.2f} s")
        print(text)


if __name__ == "__main__":
    main()
