"""One node of Apache Kafka (KRaft), its jars taken from the Maven registry once."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ecovigil.embedded_server import HOST, free_port
from ecovigil.real_servers.real_server import CHECKOUT, RealServer, lacking_deploy, shipped
from schemas.errors import Unavailable

POM: Final = Path(__file__).with_name("apache_kafka.pom.xml")
JARS: Final = CHECKOUT / ".cache" / "kafka"
CLUSTER_ID: Final = "4L6g3nShT-eMCtK--X86sw"


class ApacheKafka(RealServer):
    """A broker that is also its own controller; listens on 127.0.0.1 only, and keeps its log over a restart."""

    name = "kafka"
    ready_within_s = 60.0

    def __init__(self, data_dir: Path, port: int = 0, changed: Mapping[str, str] | None = None) -> None:
        """Keep log and settings under `data_dir`; `changed` goes before the shipped settings."""
        super().__init__(data_dir, port)
        self._changed = dict(changed or {})

    @property
    def url(self) -> str:
        """Bootstrap address."""
        return self.address

    @property
    def properties(self) -> Path:
        """The settings it runs with."""
        return self.data_dir / "server.properties"

    def argv(self) -> Sequence[str]:
        """Return the command that runs the broker."""
        return [*_java("kafka.Kafka"), str(self.properties)]

    def prepare(self) -> None:
        """Write the settings and format the log at the first start."""
        if self.properties.exists():
            return
        self.properties.write_text("\n".join([*self._settings(), ""]), encoding="utf-8")
        tool = [*_java("kafka.tools.StorageTool"), "format", "--cluster-id", CLUSTER_ID, "--config"]
        try:
            subprocess.run([*tool, str(self.properties)], check=True, capture_output=True, text=True, timeout=60)
        except subprocess.CalledProcessError as error:
            self.properties.unlink()
            raise Unavailable(f"kafka: the log cannot be formatted: {error.stderr.strip()[-300:]}") from None

    def _settings(self) -> list[str]:
        controller = f"{HOST}:{free_port()}"
        ours = {
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self.data_dir / "log"),
            "group.initial.rebalance.delay.ms": "0",
            **self._changed,
        }
        return [*shipped("kafka/server.properties", ours, "="), *(f"{key}={value}" for key, value in ours.items())]


def why_absent() -> str:
    """Return what this machine lacks, or "" where Kafka can run."""
    lacking = [program for program in ("java", "mvn") if shutil.which(program) is None]
    return f"Apache Kafka needs {' and '.join(lacking)} on the PATH" if lacking else lacking_deploy()


def version() -> str:
    """Return the version whose jars are taken."""
    found = re.search(r"<artifactId>kafka_[^<]*</artifactId>\s*<version>([^<]+)<", POM.read_text(encoding="utf-8"))
    return found[1] if found else ""


def jars() -> Path:
    """Return the folder of the jars; they are copied there the first time and when the list of them is newer."""
    stamp = JARS / ".complete"
    if not stamp.exists() or stamp.stat().st_mtime < POM.stat().st_mtime:
        copy = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
        subprocess.run([*copy, "-DincludeScope=runtime", f"-DoutputDirectory={JARS}"], check=True)
        stamp.touch()
    return JARS


def _java(main: str) -> list[str]:
    return ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=WARN", "-cp", f"{jars()}/*", main]
