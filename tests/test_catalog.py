"""The catalogue: complete, consistent, sourced, and refused when it does not fit."""

import pytest
from pydantic import ValidationError

from siteplan import catalog, schema
from siteplan.errors import InputError


def faults_of(text, tmp_path, model=catalog.TargetDocument):
    path = tmp_path / "file.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        catalog.parse_toml(path, model, "file.toml")
    assert all(fault.source == "file.toml" and fault.remedy for fault in caught.value.faults)
    return caught.value.faults


@pytest.mark.parametrize(
    "table",
    ["definitions", "carriers", "equipment", "structures", "clutter_categories", "land_covers"],
)
def test_every_entry_names_its_source(table):
    for name, entry in getattr(catalog, table)().items():
        assert entry.source, name
        assert entry.mark, name


def test_every_class_and_technology_has_a_default_definition():
    wanted = {
        f"{kind}-{tech}" for kind in ("area", "village", "road", "venue") for tech in ("4G", "5G")
    }
    assert set(catalog.default_definitions()) == wanted
    assert set(catalog.default_definitions().values()) <= set(catalog.definitions())


def test_equipment_hangs_on_carriers_and_structures_that_exist():
    assert {item.carrier for item in catalog.equipment().values()} <= set(catalog.carriers())
    assert {item.technology for item in catalog.carriers().values()} == set(schema.TECHNOLOGIES)
    assert set(catalog.structures()) == set(schema.SITE_KINDS)
    assert {"existing", *schema.SITE_KINDS} - {"tower"} <= set(catalog.costs().structure)
    assert {item.scale for item in catalog.equipment().values()} == set(catalog.costs().station)


def test_poles_carry_micro_equipment_and_stand_lower():
    macro = [item for item in catalog.structures().values() if item.scale == "macro"]
    for kind in schema.POLE_KINDS:
        pole = catalog.structures()[kind]
        assert pole.scale == "micro"
        assert all(pole.antenna_height_m < item.antenna_height_m for item in macro)


@pytest.mark.parametrize(
    ("name", "low_mhz", "high_mhz"),
    [
        # downlink blocks as assigned in mainland China
        ("lte800", 869, 880),
        ("lte900", 934, 954),
        ("lte1800", 1805, 1830),
        ("lte1800-ct", 1860, 1880),
        ("nr700", 758, 788),
        ("nr2600", 2515, 2675),
        ("nr3500", 3400, 3600),
    ],
)
def test_carriers_lie_in_the_assigned_blocks(name, low_mhz, high_mhz):
    carrier = catalog.carriers()[name]
    half_mhz = carrier.resource_blocks * 12 * carrier.subcarrier_khz / 2000.0
    assert low_mhz <= carrier.frequency_mhz - half_mhz
    assert carrier.frequency_mhz + half_mhz <= high_mhz


def test_the_documents_hold_the_published_figures():
    hedong = {rule.id: rule for rule in catalog.target_document("hedong-2020").rules}
    assert (hedong["E-N-2020"].required, hedong["E-N-2020"].year) == (150.0, 2020)
    assert (hedong["E-N-2022"].required, hedong["E-N-2022"].year) == (773.0, 2022)
    hangjin = catalog.target_document("hangjin-2021")
    assert hangjin.area_code == "150625"
    assert hangjin.date == "2021-10-25"
    villages = next(rule for rule in hangjin.rules if rule.id == "H-4G-2020")
    assert villages.where == {"kind": ["administrative"]}
    assert villages.attributes == ["fibre"]
    assert {rule.year for rule in hangjin.rules} >= {2020, 2021, 2022}


def test_rules_of_the_documents_fit_the_schema():
    for name in catalog.target_documents():
        rules = catalog.target_document(name).rules
        assert len({rule.id for rule in rules}) == len(rules)
        for rule in rules:
            assert rule.zh
            assert rule.en
            if rule.kind == "coverage":
                columns = {column.name for column in schema.TABLES[rule.layer].columns}
                assert {*rule.where, *rule.any, *rule.attributes} <= columns


def test_an_unknown_document_is_refused_with_those_that_exist():
    with pytest.raises(InputError, match=r"atlantis.*hangjin-2021, hedong-2020"):
        catalog.target_document("atlantis")


def test_entries_cannot_be_changed():
    with pytest.raises(ValidationError):
        catalog.definitions()["nr-dt-105"].rsrp_dbm = -140.0


def test_a_misspelt_key_a_wrong_type_and_a_missing_key_are_told_at_once(tmp_path):
    text = (
        'title = "x"\nissuer = "y"\ndate = 2021-01-01\n[[rules]]\nid = "A"\nzh = "a"\nen = "a"\n'
        'kind = "coverage"\nyaer = 2021\nrequired = "many"\n'
    )
    found = {fault.column: fault.rule for fault in faults_of(text, tmp_path)}
    assert found["area_code"] == "a required key is missing"
    assert found["rules.0.yaer"] == "unknown key"
    assert "number" in found["rules.0.required"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a = [1,", "not valid TOML"),
        ("title = '小旗'".encode("gb18030"), "not UTF-8"),
        ("area_code = nan", "required key"),
    ],
)
def test_a_file_that_is_no_toml_is_refused(text, rule, tmp_path):
    assert any(rule in fault.rule for fault in faults_of(text, tmp_path))


STRUCTURE = 'scale = "macro"\nantenna_height_m = {}\nsource = "s"\nmark = "k"\n'


@pytest.mark.parametrize("value", ["nan", "inf", "-3.0", "0.0"])
def test_a_height_must_be_a_height(value, tmp_path):
    (fault,) = faults_of(STRUCTURE.format(value), tmp_path, catalog.Structure)
    assert fault.column == "antenna_height_m"


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_is_not_there_is_refused(name, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        catalog.parse_toml(tmp_path / name, catalog.TargetDocument, name)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "mast.toml"
    path.write_text(STRUCTURE.format(35.0), encoding="utf-8-sig")
    assert catalog.parse_toml(path, catalog.Structure, "mast.toml").antenna_height_m == 35.0


def test_a_fault_names_its_line(tmp_path):
    lines = [
        'title = "目标"',  # 1
        'issuer = "i"',
        'date = "2021"',
        'area_code = "1"',
        "",
        "[[rules]]",  # 6
        'id = "A"',
        'kind = "task"',
        'zh = "a"',
        'en = "a"',
        "# a comment with key = 1",
        "[[rules]]  # the second",  # 12
        'id = "B"',
        'kind = "nothing"',  # 14
        'zh = "b"',
        'where = { kind = "no list" }',  # 16; and "en" is missing: the table's own line
    ]
    (tmp_path / "t.toml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        catalog.parse_toml(tmp_path / "t.toml", catalog.TargetDocument, "t.toml")
    found = {fault.column: fault.row for fault in caught.value.faults}
    assert found == {"rules.1.kind": "14", "rules.1.where.kind": "16", "rules.1.en": "12"}
