"""Registry files: tables from TOML and CSV, every problem with file and key."""

import pytest

from schemas.errors import InvalidConfiguration
from standards.registration import read_registry

SITE = '[[site]]\nid = "s"\nkind = "stack"\n'
BINDING = '[[binding]]\nsite = "s"\nstandard = "{}"\ncategory = "{}"\nvariant = "{}"\neffective_from = 2020-01-01\nreason = "r"\n'


def problems(tmp_path, text, name="registry.toml"):
    (tmp_path / "base.toml").write_text(SITE, encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InvalidConfiguration) as caught:
        read_registry([tmp_path])
    return [problem.replace(f"{tmp_path}/", "") for problem in caught.value.problems]


def test_tables_of_both_forms_make_one_registry(tmp_path):
    (tmp_path / "site.csv").write_text("id,kind,accepted_on\ns,stack,2020-01-02\nt,stack,\n", encoding="utf-8")
    (tmp_path / "device.csv").write_text("id,sites\nmn-1,s; t\n", encoding="utf-8")
    (tmp_path / "permit.toml").write_text(
        '[[permit]]\nsite = "s"\nparameter = "a34013"\nlimit = 10.0\naveraging = "hour_mean"\neffective_from = 2020-01-01\n',
        encoding="utf-8",
    )

    registry = read_registry([tmp_path])

    assert registry.device[0].sites == ["s", "t"]
    assert registry.sites["t"].accepted_on is None
    assert registry.site_permits["s"][0].limit == 10.0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("GB 4915", "x", "y"), "standard: no standard 'GB 4915'; did you mean 'GB 4915-2013'?"),
        (
            ("GB 13271-2014", "coal boilers", "new"),
            "category: GB 13271-2014 has no category 'coal boilers'; did you mean 'coal boiler'?",
        ),
        (("GB 13271-2014", "coal boiler", "news"), "variant: 'coal boiler' has no variant 'news'; did you mean 'new'?"),
    ],
)
def test_a_binding_to_no_known_row_is_told_with_the_nearest(tmp_path, words, problem):
    assert problems(tmp_path, BINDING.format(*words)) == [f"registry.toml: binding 1: {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[sites]]\nid = "x"\n', "sites 1: no such table; did you mean 'site'?"),
        ('[[device]]\nid = "d"\nsites = ["x"]\n', "device 1: device d: no site x"),
        ('[[device]]\nid = "d/1"\nsites = ["s"]\n', "device 1: id: 'd/1' can't be part of an MQTT topic"),
        ('[[device]]\nid = "d"\nsites = ["s"]\nmodel = 3\n', "device 1: model: Extra inputs are not permitted"),
        (
            '[[channel]]\nsite = "s"\nparameter = "a21026"\nunit = "mg/L"\n',
            "channel 1: unit: a21026: mg/L can't be converted to mg/m3",
        ),
        (
            '[[permit]]\nsite = "s"\nparameter = "02"\nannual_t = 3\neffective_from = 2020-01-01\n',
            "permit 1: parameter: '02' is no HJ 212-2017 code that we know",
        ),
        (
            '[[city]]\nid = "c"\nname = "C"\n[[binding]]\ncity = "c"\nthresholds = "CN-2024"\neffective_from = 2024-01-23\nreason = "r"\n',
            "binding 1: thresholds: no scheme 'CN-2024'; did you mean 'CN-2024-06'?",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_file_and_key(tmp_path, text, problem):
    assert problems(tmp_path, text) == [f"registry.toml: {problem}"]


def test_a_row_of_a_csv_table_is_told_by_its_number(tmp_path):
    found = problems(tmp_path, "id,kind\na,stack\nb,chimney\n", "site.csv")

    assert len(found) == 1
    assert found[0].startswith("site.csv: site 3: kind: Input should be")


def test_all_problems_are_told_together(tmp_path):
    found = problems(tmp_path, BINDING.format("GB 1", "x", "y") + '[[recipient]]\nid = "r"\nchannel = "webhook"\n')

    assert [problem.split(": ")[1] for problem in found] == ["binding 1", "recipient 1"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("stations.csv", b"id\n1\n2\n", "no such table"),
        ("site.csv", b"id,kind\na,stack,x\n", "row 2 has more cells than the header"),
        ("site.csv", "id\n甲\n".encode("gb18030"), "not UTF-8 text"),
        ("site.toml", b"site = 3", "expected [[site]] entries"),
    ],
)
def test_a_file_that_is_no_table_is_told_once(tmp_path, name, content, problem):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InvalidConfiguration) as caught:
        read_registry([tmp_path / name])

    assert len(caught.value.problems) == 1
    assert problem in caught.value.problems[0]


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InvalidConfiguration, match="No such file"):
        read_registry([tmp_path / "nowhere.toml"])
