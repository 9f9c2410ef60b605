"""`ecovigil demo`: real air and a simulated fleet through the real chain, and what came out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ecovigil.demo import bundled_play, demo_folder, emptied, opened_demo, play_through
from ecovigil.demo_words import tell
from ecovigil.settings import load

Exit = Annotated[bool, typer.Option("--exit", help="结束后立即退出。 Leave at the end without waiting.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="数据与报告的目录。 Where our own servers keep their data, and the report is."),
]


def demo(leave: Exit = False, data_dir: DataDir = None) -> None:
    """演示：2014年2月北京空气与模拟企业走完整条链路。 Beijing's air of February 2014 and a simulated fleet through the chain.

    Exit code 1 where the books do not balance, or an incident was missed or invented.
    """
    settings, console = load(), Console()
    folder = emptied(demo_folder(settings, data_dir))
    console.print("环警 EcoVigil：启动内置服务器 starting our own servers …")
    # draws charts, which takes a second to import: every role's process would pay for it
    from ecovigil.report import write_report

    played = bundled_play()
    with opened_demo(settings, folder, played) as chain:
        summary = play_through(chain, played, console)
        report = write_report(summary, folder / "report.html")
        tell(summary, console)
        console.print(f"报告 report: {report}", soft_wrap=True)
        if not leave:
            _wait(folder, console)
    raise typer.Exit(0 if summary.is_good else 1)


def _wait(folder: Path, console: Console) -> None:
    console.print(f"查看 look around: ECOVIGIL_DATA_DIR={folder} ecovigil alerts list", soft_wrap=True)
    console.print("回车结束 Enter ends")
    try:
        input()
    except (EOFError, KeyboardInterrupt):
        return
