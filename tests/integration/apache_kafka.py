"""One node of Apache Kafka (KRaft), its jars taken from the Maven registry once; for tests that want the real log."""

import shutil
import subprocess
from pathlib import Path

from tests.integration.server_process import ServerProcess, free_ports

ROOT = Path(__file__).parents[2]
POM = Path(__file__).parent / "kafka" / "pom.xml"
PROPERTIES = ROOT / "deploy" / "kafka" / "server.properties"
JARS = ROOT / ".cache" / "kafka"
CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw"


def why_absent() -> str:
    """Return what this machine lacks, or "" where Kafka can run."""
    lacking = [program for program in ("java", "mvn") if shutil.which(program) is None]
    return f"Apache Kafka needs {' and '.join(lacking)} on the PATH" if lacking else ""


def jars() -> Path:
    """Return the folder of the jars; they are copied there the first time and when pom.xml is newer."""
    stamp = JARS / ".complete"
    if not stamp.exists() or stamp.stat().st_mtime < POM.stat().st_mtime:
        copy = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
        subprocess.run([*copy, "-DincludeScope=runtime", f"-DoutputDirectory={JARS}"], check=True)
        stamp.touch()
    return JARS


class ApacheKafka(ServerProcess):
    """A broker that is also its own controller; data in `data`, listening on 127.0.0.1 only."""

    def __init__(self, data: Path) -> None:
        port, controller = free_ports(2)
        self.bootstrap = f"127.0.0.1:{port}"
        properties = data / "server.properties"
        properties.write_text(_properties(port, controller, data / "log"), encoding="utf-8")
        _format(properties)
        super().__init__([*_java("kafka.Kafka"), str(properties)], port, data / "kafka.log")


def _format(properties: Path) -> None:
    command = [*_java("kafka.tools.StorageTool"), "format", "--cluster-id", CLUSTER_ID, "--config", str(properties)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def _java(main: str) -> list[str]:
    return ["java", "-Xmx512m", "-Dlog4j2.level=WARN", "-cp", f"{jars()}/*", main]


def _properties(port: int, controller: int, log: Path) -> str:
    shared = [line for line in PROPERTIES.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    ours = {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "log.dirs": str(log),
        "group.initial.rebalance.delay.ms": "0",
    }
    kept = [line for line in shared if line.split("=", 1)[0] not in ours]
    return "\n".join([*kept, *(f"{key}={value}" for key, value in ours.items()), ""])
