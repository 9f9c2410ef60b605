"""Settings name every problem with its file and key, and never show a secret."""

from pathlib import Path

import pytest

from ecovigil.settings import load
from schemas.errors import InvalidConfiguration


def written(folder: Path, text: str) -> Path:
    """Return a settings file."""
    file = folder / "ecovigil.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_problem_is_named_with_file_and_key(tmp_path: Path) -> None:
    file = written(tmp_path, '[mqtt]\nurl = "http://x"\nfoo = 1\n[kafka]\nreport_partitions = 0\n[nope]\n')

    with pytest.raises(InvalidConfiguration) as caught:
        load(file)

    keys = [problem.split(": ")[:2] for problem in caught.value.problems]
    assert keys == [[str(file), key] for key in ("mqtt.url", "mqtt.foo", "kafka.report_partitions", "nope")]


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOVIGIL_KAFKA__BOOTSTRAP", "b:2")

    settings = load(written(tmp_path, '[kafka]\nbootstrap = "a:1"\nreport_partitions = 8\n'))

    assert (settings.kafka.bootstrap, settings.kafka.report_partitions) == ("b:2", 8)


def test_a_misspelt_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOVIGIL_KAFKKA__BOOTSTRAP", "b:2")

    with pytest.raises(InvalidConfiguration, match="ECOVIGIL_KAFKKA__BOOTSTRAP"):
        load(written(tmp_path, ""))


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    settings = load(written(tmp_path, '[database]\nurl = "postgresql://a:secret@h/d"\n'))

    assert "secret" not in repr(settings)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"absent\.toml"):
        load(tmp_path / "absent.toml")
