"""Python's own start-up hook: switches the observer on in every python process of a cold run.

In: PYTHONPATH names this directory and HEAL_RESULTS names a pipe. Out: `heal_observer` watches
for test runners, and the sitecustomize that this file shadows (a distribution's or the project's
own) is run as if it were the only one. Without HEAL_RESULTS nothing is observed.
"""

import os
import sys


def _run_shadowed():
    """Runs the next sitecustomize on sys.path, which python would have loaded without us."""
    here = os.path.dirname(os.path.abspath(__file__))
    others = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is None or spec.loader is None:
        return
    from importlib.util import module_from_spec

    module = module_from_spec(spec)
    ours = sys.modules.get("sitecustomize")
    sys.modules["sitecustomize"] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if ours is not None:
            sys.modules["sitecustomize"] = ours
        raise


if os.environ.get("HEAL_RESULTS"):
    try:
        import heal_observer

        heal_observer.watch(os.environ["HEAL_RESULTS"])
    except Exception:  # a project's process must start whatever happens to the observer
        pass

_run_shadowed()
