"""Write config/schema.json and the list of keys in config/README.md."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from _command import Command
from hetflow.disk import write_text
from hetflow.study.reference import with_keys
from hetflow.study.schema import schema_text

CONFIG = Path(__file__).resolve().parents[2] / "config"
COMMAND = Command(__doc__)


def work(arguments: Namespace) -> None:
    """Renew both files."""
    write_text(schema_text(), CONFIG / "schema.json")
    page = CONFIG / "README.md"
    write_text(with_keys(page.read_text(encoding="utf-8")), page)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
