"""What every script shares: the library on the path, one thread for linear algebra, a log, refusals without traceback.

Import this first: it pins the threads before NumPy is loaded.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import argparse  # noqa: E402
import contextlib  # noqa: E402
import errno  # noqa: E402
import traceback  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402

from hetflow.environment import explain, need  # noqa: E402
from hetflow.errors import Refused, plain  # noqa: E402

REFUSED, FAILED, STOPPED = 2, 1, 130
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

need()


def _unimported(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """What ends a script before its work begins: a package that cannot be loaded is said plainly."""
    if issubclass(kind, ImportError | OSError):
        with contextlib.suppress(SystemExit):  # Python ends with status 1 after this hook
            explain(error)
    else:
        sys.__excepthook__(kind, error, trace)  # type: ignore[arg-type]


sys.excepthook = _unimported


class Command:
    """A small command line around one function.

    Parameters
    ----------
    purpose : str
        What the script does; shown by ``--help``.
    """

    def __init__(self, purpose: str) -> None:
        self.parser = argparse.ArgumentParser(description=purpose)
        self.parser.add_argument("--log", type=Path, help="file to which everything said is written as well")

    def reads(self, *names: str, several: bool = False, required: bool = True) -> Command:
        """Add options that name input files; several that are not required may be none."""
        number = ("+" if required else "*") if several else None
        for name in names:
            self.parser.add_argument(f"--{name}", type=Path, required=required, nargs=number, help="input")
        return self

    def writes(self, *names: str, several: bool = False, required: bool = True) -> Command:
        """Add options that name output files."""
        for name in names:
            self.parser.add_argument(
                f"--{name}", type=Path, required=required, nargs="+" if several else None, help="output"
            )
        return self

    def takes(self, name: str, several: bool = False, **options: object) -> Command:
        """Add an option that is a value."""
        self.parser.add_argument(f"--{name}", required=True, nargs="+" if several else None, **options)  # type: ignore[arg-type]
        return self

    def run(self, work: Callable[[argparse.Namespace], None], argv: Sequence[str] | None = None) -> int:
        """Parse the command line and do the work.

        Returns
        -------
        int
            0; 2 if the study or its data are refused (the reasons go to the terminal and to the log); 1 if hetflow
            itself failed (the traceback goes to the log alone).
        """
        arguments = self.parser.parse_args(argv)
        log = arguments.log
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: _say(f"warning: {plain(str(message))}", log)
            try:
                _begin(log)
                work(arguments)
            except Refused as refused:
                _say(f"\nRefused. {refused}\n", log, sys.stderr)
                return REFUSED
            except OSError as error:
                _say(f"\n{_of_the_system(error)}\n", log, sys.stderr)
                return FAILED
            except KeyboardInterrupt:
                _say("\nStopped.\n", log, sys.stderr)
                return STOPPED
            except Exception as error:
                _say(traceback.format_exc(), log)
                place = f"; the full story is in {log}" if log else ""
                said = plain(f"{type(error).__name__}: {error}")
                _say(f"\nhetflow failed: {said}{place}\n", None, sys.stderr)
                return FAILED
        return 0


def _begin(log: Path | None) -> None:
    """An empty log."""
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("", encoding="utf-8")


def _of_the_system(error: OSError) -> str:
    """What the system said, and what to do where that is known."""
    if error.errno in _FULL:
        said = plain(str(error))
        return (
            f"The disk is full ({said}). Free some space and start the run again: nothing finished is lost."
        )
    return f"The system said: {plain(str(error))}"


def _say(text: str, log: Path | None, stream: object = None) -> None:
    if stream is not None:
        print(text, file=stream)  # type: ignore[call-overload]
    if log:
        with contextlib.suppress(OSError), open(log, "a", encoding="utf-8") as handle:  # on a full disk
            handle.write(text + "\n")
    elif stream is None:
        print(text, file=sys.stderr)
