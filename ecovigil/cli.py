"""The command line: a literal list of commands, and errors as one line on stderr."""

import logging
import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from typer.exceptions import TyperException

from ecovigil.commands import (
    alerts,
    amounts,
    aqi,
    bench,
    books,
    check,
    db,
    deadletter,
    demo,
    explain,
    export,
    judge,
    log,
    mark,
    plans,
    registry,
    replay,
    run,
    scenario,
    standards,
    water_class,
)
from ecovigil.log_format import writes_json
from schemas.errors import EcoVigilError, InvalidConfiguration, Unavailable

COMMANDS: Final[tuple[tuple[str, Callable[..., Any]], ...]] = (
    ("demo", demo.demo),
    ("run", run.run),
    ("aqi", aqi.aqi),
    ("water-class", water_class.water_class),
    ("judge", judge.judge),
    ("explain", explain.explain),
    ("amounts", amounts.amounts),
    ("books", books.books),
    ("check", check.check),
    ("bench", bench.bench),
)
"""Commands that are one function each."""

GROUPS: Final[tuple[tuple[str, typer.Typer], ...]] = (
    ("alerts", alerts.app),
    ("mark", mark.app),
    ("plans", plans.app),
    ("registry", registry.app),
    ("standards", standards.app),
    ("deadletter", deadletter.app),
    ("log", log.app),
    ("replay", replay.app),
    ("scenario", scenario.app),
    ("export", export.app),
    ("db", db.app),
)
"""Commands that have commands of their own."""

EXIT_FAILED: Final = 1
EXIT_WRONG: Final = 2
EXIT_UNAVAILABLE: Final = 3
EXIT_INTERRUPTED: Final = 130

app: Final = typer.Typer(
    name="ecovigil",
    help="环警 EcoVigil：污染源与空气质量在线监测预警。 Open pollution monitoring and early warning.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="显示运行日志与错误来源。 Show logs, and where an error comes from.")
    ] = False,
) -> None:
    """环警 EcoVigil：污染源与空气质量在线监测预警。 Open pollution monitoring and early warning."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    # the client libraries report each lost connection many times over; our own lines say it once
    for name in ("kafka", "paho"):
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.CRITICAL)


for _name, _function in COMMANDS:
    app.command(_name)(_function)
for _name, _group in GROUPS:
    app.add_typer(_group, name=_name)


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    sys.exit(outcome(sys.argv[1:]))


def outcome(arguments: list[str]) -> int:
    """Return the exit code of a command; every error has been told in one line on stderr.

    The last resort catches everything: this is the boundary at which no traceback may reach a user.
    """
    try:
        code = app(arguments, prog_name="ecovigil", standalone_mode=False)
    except typer.Exit as leave:
        return leave.exit_code
    except TyperException as error:
        return _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return _quiet_pipe()
    except EcoVigilError as error:
        return _told(error)
    except Exception as error:
        return _unexpected(error, arguments)
    return code if isinstance(code, int) else 0


def _told(error: EcoVigilError) -> int:
    if isinstance(error, InvalidConfiguration):
        for problem in error.problems:
            _say(problem)
        return EXIT_WRONG
    _say(str(error))
    return EXIT_UNAVAILABLE if isinstance(error, Unavailable) else EXIT_FAILED


def _misused(error: TyperException) -> int:
    said = str(getattr(error, "format_message", error.__str__)())
    # a command without arguments is answered with its help
    print(said if said.startswith("Usage:") else f"ecovigil: {said}", file=sys.stderr)
    return error.exit_code


def _unexpected(error: Exception, arguments: list[str]) -> int:
    if {"-v", "--verbose"} & set(arguments):
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
    _say(f"内部错误 internal error: {type(error).__name__}: {error} ({where})", error)
    return EXIT_FAILED


def _say(problem: str, error: Exception | None = None) -> None:
    if writes_json():
        logging.getLogger("ecovigil").critical(problem, exc_info=error)
    else:
        print(f"ecovigil: {problem}", file=sys.stderr)


def _quiet_pipe() -> int:
    # the reader of our output has gone (`ecovigil … | head`): nothing to tell, and the interpreter must not flush again
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
