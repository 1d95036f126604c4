"""scenario.toml and the target document: whatever does not fit is refused, all of it at once."""

import tomllib

import pytest
from pydantic import ValidationError

from siteplan import catalog
from siteplan.catalog import Rule
from siteplan.errors import InputError
from siteplan.scenario import Scenario, inside, read_scenario
from tests import handmade as hand
from tests.conftest import SCENARIO, TARGETS

VILLAGE_RULE = """
[[rules]]
id = "X"
technology = "4G"
kind = "coverage"
class = "village"
layer = "villages"
zh = "x"
en = "x"
"""
ROAD_RULE = VILLAGE_RULE.replace('"village"', '"road"').replace('"villages"', '"roads"')
COUNT_RULE = '\n[[rules]]\nid = "X"\nkind = "station_count"\nzh = "x"\nen = "x"\n'


@pytest.fixture
def folder(tmp_path):
    def write(*, scenario=SCENARIO, targets=TARGETS):
        (tmp_path / "scenario.toml").write_text(scenario, encoding="utf-8")
        (tmp_path / "targets.toml").write_text(targets, encoding="utf-8")
        return tmp_path

    return write


def faults_of(path):
    with pytest.raises(InputError) as caught:
        read_scenario(path)
    assert all(fault.remedy and fault.rule for fault in caught.value.faults)
    return caught.value.faults


def scenario_with(old, new):
    assert SCENARIO.count(old) == 1
    return SCENARIO.replace(old, new)


def test_the_small_scenario_is_read(folder):
    scenario, document = read_scenario(folder())
    assert scenario.region.name == "小旗"
    assert scenario.targets.years == (2021, 2022)
    assert list(scenario.layers.vectors()) == ["boundary", "villages", "roads", "sites", "stations"]
    assert [rule.id for rule in document.rules] == ["S-V-2021", "S-R-2022"]
    assert scenario.network("甲", "4G").macro == "macro-lte900"
    assert scenario.network("甲", "5G") is None


def test_nothing_in_it_can_be_changed(folder):
    scenario, _ = read_scenario(folder())
    with pytest.raises(ValidationError):
        scenario.radio = None
    with pytest.raises(ValidationError):
        scenario.radio.load = 1.0


@pytest.mark.parametrize(
    ("old", "new", "column", "words"),
    [
        ("[grid]\n", "[grid]\nresolutoin_m = 5\n", "grid.resolutoin_m", "unknown key"),
        ("[radio]\n", "[radio]\nradius = 5.0\n", "radio.radius", "unknown key"),
        ("[selection]\n", "[selcetion]\n", "selcetion", "unknown key"),
        ("resolution_m = 50.0", 'resolution_m = "fine"', "grid.resolution_m", "number"),
        ("resolution_m = 50.0", "resolution_m = 0.0", "grid.resolution_m", "greater than 0"),
        ("resolution_m = 50.0", "resolution_m = nan", "grid.resolution_m", "finite"),
        ("resolution_m = 50.0", "", "grid.resolution_m", "a required key is missing"),
        ("format = 1", "format = 2", "format", "1"),
        (
            'macro_model = "tr38901-rma"',
            'macro_model = "hata"',
            "radio.macro_model",
            "okumura-hata",
        ),
        ("radius_m = 8000.0", "load = 30", "radio.load", "less than or equal to 1"),
        ("years = [2021, 2022]", "years = []", "targets.years", "at least 1"),
        ("years = [2021, 2022]", "years = [21, 22]", "targets.years.0", "2000"),
        ("years = [2021, 2022]", "years = [2022, 2021]", "targets.years", "ascend"),
        ("years = [2021, 2022]", "years = [2021, 2021]", "targets.years", "ascend"),
        ('macro = "macro-lte900"', 'macro = "macro-lte9000"', "networks.0.macro", "no such name"),
        ('macro = "macro-lte900"', 'macro = "macro-nr3500"', "networks.0.macro", "5G"),
        ('macro = "macro-lte900"', 'micro = "macro-lte900"', "networks.0.micro", "macro equipment"),
        ('technology = "4G"', 'technology = "6G"', "networks.0.technology", "4G"),
        ('path = "terrain.tif"', "", "layers.terrain", "either a path or flat_m"),
        ('path = "terrain.tif"', 'path = "t.tif"\nflat_m = 0', "layers.terrain", "either a path"),
        ('[layers.stations]\npath = "stations.csv"', "", "layers.stations", "coverage is unknown"),
        (
            "[selection]\n",
            "[costs.structure]\nnwe = 1\n[selection]\n",
            "costs.structure",
            "no such",
        ),
        ("[selection]\n", "[costs.station]\nhuge = 1\n[selection]\n", "costs.station", "no such"),
        ("[selection]\n", "[costs.station]\nmacro = -1\n[selection]\n", "costs.station.macro", "0"),
        (
            "[radio]\n",
            "[targets.shares]\nS-V-2021 = 95\n[radio]\n",
            "targets.shares.S-V-2021",
            "share",
        ),
        (
            "[radio]\n",
            "[targets.shares]\nS-V-2021 = 0\n[radio]\n",
            "targets.shares.S-V-2021",
            "share",
        ),
        ("[radio]\n", "[targets.shares]\nS-V = 0.9\n[radio]\n", "targets.shares", "no such name"),
        (
            "[radio]\n",
            '[targets.definitions]\nroad-4G = "continous"\n[radio]\n',
            "targets.definitions.road-4G",
            "no such name",
        ),
        (
            "[radio]\n",
            '[targets.definitions]\nraod-4G = "continuous-95-lte"\n[radio]\n',
            "targets.definitions",
            "no such name",
        ),
        ('document = "targets.toml"', 'document = "hangjing"', "", "no such document"),
        ('document = "targets.toml"', 'document = "hangjing.toml"', "", "does not exist"),
        ('document = "targets.toml"', 'document = "../x.toml"', "", "inside the region folder"),
    ],
)
def test_a_bad_scenario_is_refused(folder, old, new, column, words):
    faults = faults_of(folder(scenario=scenario_with(old, new)))
    assert any(fault.column == column and words in str(fault) for fault in faults), faults


def test_a_network_may_stand_only_once(folder):
    again = '[[networks]]\noperator = "甲"\ntechnology = "4G"\n'
    (fault,) = faults_of(folder(scenario=SCENARIO + again))
    assert (fault.column, fault.value) == ("networks.1", "甲 4G")


@pytest.mark.parametrize(
    ("rule", "column", "words"),
    [
        (VILLAGE_RULE + 'laeyr = "roads"\n', "rules.2.laeyr", "unknown key"),
        (
            VILLAGE_RULE.replace('layer = "villages"', 'layer = "vilages"'),
            "rules.X.layer",
            "vilages",
        ),
        (VILLAGE_RULE.replace('layer = "villages"', ""), "rules.X.layer", "villages"),
        (VILLAGE_RULE.replace('class = "village"', ""), "rules.X", "class and technology"),
        (VILLAGE_RULE.replace('technology = "4G"', ""), "rules.X", "class and technology"),
        (VILLAGE_RULE.replace('"4G"', '"5G"'), "networks", "no network has"),
        (VILLAGE_RULE.replace('"village"', '"area"'), "rules.X.layer", "cannot be a area"),
        (VILLAGE_RULE.replace('"village"', '"road"'), "rules.X.layer", "cannot be a road"),
        (VILLAGE_RULE.replace('"villages"', '"stations"'), "rules.X.layer", "none geometry"),
        (VILLAGE_RULE.replace('"village"', '"hamlet"'), "rules.2.class", "village"),
        (VILLAGE_RULE + 'where = { knd = ["natural"] }\n', "rules.X.where", "knd"),
        (VILLAGE_RULE + 'where = { kind = ["town"] }\n', "rules.X.where.kind", "town"),
        (VILLAGE_RULE + 'where = { dense = ["true"] }\n', "rules.X.where", "dense"),
        (VILLAGE_RULE + 'any = ["dens"]\n', "rules.X.any", "dens"),
        (VILLAGE_RULE + 'any = ["population"]\n', "rules.X.any", "population"),
        (VILLAGE_RULE + 'attributes = ["kind"]\n', "rules.X.attributes", "kind"),
        (VILLAGE_RULE + 'group_by = "sector"\n', "rules.X.group_by", "sector"),
        (VILLAGE_RULE + "required = 95\n", "rules.X.required", "at most 1"),
        (VILLAGE_RULE + "required = 0\n", "rules.X.required", "above 0"),
        (VILLAGE_RULE + "required = -1\n", "rules.2.required", "greater than or equal to 0"),
        (VILLAGE_RULE + 'share_from = "scenario"\n', "targets.shares.X", "leaves this share"),
        (
            VILLAGE_RULE + 'measure = "pooled"\nattributes = ["fibre"]\n',
            "rules.X.attributes",
            "pools",
        ),
        (VILLAGE_RULE + "year = 20022\n", "rules.2.year", "2100"),
        (VILLAGE_RULE.replace('"X"', '"S-V-2021"'), "rules.2.id", "share an id"),
        (ROAD_RULE + "required = 0.9\n", "rules.X.measure", "what the share is of"),
        (COUNT_RULE, "rules.X.required", "number of stations"),
        (COUNT_RULE.replace("station_count", "reuse_share"), "rules.X.strict", "only measured"),
        (COUNT_RULE.replace("station_count", "power_supply"), "rules.X.strict", "only measured"),
        (COUNT_RULE.replace("station_count", "miracle"), "rules.2.kind", "station_count"),
    ],
)
def test_a_bad_rule_is_refused(folder, rule, column, words):
    faults = faults_of(folder(targets=TARGETS + rule))
    assert any(fault.column == column and words in str(fault) for fault in faults), faults


def test_a_share_of_roads_is_of_their_length_or_of_their_number_as_the_rule_says(folder):
    for measure in ("items", "pooled"):
        targets = TARGETS + ROAD_RULE + f'required = 0.9\nmeasure = "{measure}"\n'
        assert read_scenario(folder(targets=targets))[1].rules[-1].measure == measure
    assert read_scenario(folder(targets=TARGETS + ROAD_RULE))[1].rules[-1].measure == "items"


def test_faults_of_both_files_are_told_at_once(folder):
    scenario = scenario_with("years = [2021, 2022]", "years = [2022, 2021]")
    scenario = scenario.replace('macro = "macro-lte900"', 'macro = "macro-x"')
    faults = faults_of(folder(scenario=scenario, targets=TARGETS + VILLAGE_RULE + "required = 2\n"))
    found = {(fault.source, fault.column) for fault in faults}
    assert found == {
        ("scenario.toml", "targets.years"),
        ("scenario.toml", "networks.0.macro"),
        ("targets.toml", "rules.X.required"),
    }


@pytest.mark.parametrize("name", ["scenario.toml", "targets.toml"])
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a = [1,\n", "not valid TOML"), ("名 = '小旗'".encode("gb18030"), "not UTF-8")],
)
def test_a_file_that_is_no_toml_is_refused(folder, name, content, words):
    path = folder()
    (path / name).write_bytes(content)
    (fault,) = faults_of(path)
    assert fault.source == name
    assert words in fault.rule


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name = “小旗”\n", "English keyboard"),
        ('a = 1\npath = "D:\\数据\\村.csv"\n', "with /"),
        ("a = 1 2\n", "Correct the line"),
    ],
)
def test_what_office_programs_do_to_toml_has_its_remedy(folder, content, words):
    path = folder()
    (path / "scenario.toml").write_text(content, encoding="utf-8")
    (fault,) = faults_of(path)
    assert words in fault.remedy


def test_a_folder_without_a_scenario_is_refused(tmp_path):
    (fault,) = faults_of(tmp_path)
    assert (fault.source, fault.rule) == ("scenario.toml", "the file does not exist")


@pytest.mark.parametrize("name", ["../x.csv", "a/../../x.csv", "/etc/passwd", ".."])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="inside the region folder") as caught:
        inside(tmp_path, name)
    assert caught.value.faults[0].value == name


def test_a_link_that_leaves_the_folder_is_refused(tmp_path):
    folder = tmp_path / "region"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("x", encoding="utf-8")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(InputError, match="inside the region folder"):
        inside(folder, "link.csv")


@pytest.mark.parametrize("name", ["x.csv", "a/b/x.csv", "a/../x.csv", "./x.csv"])
def test_a_path_inside_is_taken(tmp_path, name):
    assert inside(tmp_path, name) == (tmp_path / name).resolve()


def rule_of(**parts):
    usual = {"id": "R", "technology": "5G", "kind": "coverage", "class": "area", "layer": "zones"}
    return Rule.model_validate(usual | {"zh": "x", "en": "x"} | parts)


def test_a_definition_is_picked_by_rule_then_class_then_default():
    data = tomllib.loads(SCENARIO)
    assert Scenario.model_validate(data).definition(rule_of())[0] == "nr-dt-105"
    data["targets"]["definitions"] = {"area-5G": "nr-dt-100"}
    assert Scenario.model_validate(data).definition(rule_of())[0] == "nr-dt-100"
    data["targets"]["definitions"]["R"] = "nr-dt-96"
    name, definition = Scenario.model_validate(data).definition(rule_of())
    assert (name, definition.rsrp_dbm) == ("nr-dt-96", -96.0)


def test_a_share_is_the_planners_then_the_documents_then_all_or_the_definitions():
    data = tomllib.loads(SCENARIO)
    scenario = Scenario.model_validate(data)
    assert scenario.required_share(rule_of()) == 1.0
    assert scenario.required_share(rule_of(measure="pooled")) == 0.95
    assert scenario.required_share(rule_of(measure="pooled", required=0.8)) == 0.8
    data["targets"]["shares"] = {"R": 0.6}
    assert Scenario.model_validate(data).required_share(rule_of(required=0.8)) == 0.6


def test_a_definition_of_the_planners_own_is_named_in_results():
    own = {"own-103": {"like": "nr-dt-105", "source": "局办纪要", "rsrp_dbm": -103.0}}
    targets = {"document": "t.toml", "years": [2021], "definitions": {"area-5G": "own-103"}}
    scenario = hand.scenario(definitions=own, targets=targets)
    rule = Rule.model_validate(hand.rule("R", technology="5G"))
    name, definition = scenario.definition(rule)
    base = catalog.definitions()["nr-dt-105"]
    assert name == "own-103"
    assert (definition.rsrp_dbm, definition.sinr_db) == (-103.0, base.sinr_db)
    assert (definition.source, definition.mark) == ("局办纪要", "k")
    assert "nr-dt-105" in definition.zh
    assert "own-103" in definition.zh


def test_an_own_definition_must_come_from_a_known_one_and_have_a_new_name(folder):
    text = """
    [definitions.nr-dt-105]
    like = "nr-dt-105"
    source = "x"
    [definitions.other]
    like = "nothing"
    source = "x"
    """
    with pytest.raises(InputError) as caught:
        read_scenario(folder(scenario=SCENARIO + text))
    assert {fault.column for fault in caught.value.faults} == {
        "definitions.nr-dt-105",
        "definitions.other.like",
    }


def test_an_antenna_that_nobody_has_is_refused(small_folder):
    path = small_folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("macro = ", 'antenna = "dish"\nmacro = '), encoding="utf-8")
    with pytest.raises(InputError, match=r"networks\.0\.antenna.*dish.*tr38901-sector"):
        read_scenario(small_folder)


BROKEN = """
[[rules]]
id = "S-V-2021"
kind = "station_count"
zh = "x"
en = "x"

[[tasks]]
id = "T"
zh = "x"
en = "x"
units = []
rules = ["S-NONE"]

[[money]]
id = "M"
zh = "x"
en = "x"
per = "station"
amount_cny = 5
first_year = 2020
last_year = 2019
"""


def test_faults_found_after_reading_name_their_lines_too(folder):
    targets = TARGETS.replace('any = ["important"]', 'any = ["imporant"]') + BROKEN
    scenario = scenario_with("years = [2021, 2022]", "years = [2022, 2021]")
    found = {}
    for fault in faults_of(folder(scenario=scenario, targets=targets)):
        found[fault.source, fault.rule] = fault
    texts = {"targets.toml": targets, "scenario.toml": scenario}
    # each fault stands on the line of the words that are wrong
    for (source, rule), words in {
        ("targets.toml", "the catalogue has no such name"): 'any = ["imporant"]',
        ("targets.toml", "two rules share an id"): 'id = "S-V-2021"\nkind = "station_count"',
        ("targets.toml", "the document has no such rule"): 'rules = ["S-NONE"]',
        ("targets.toml", "the last year must not come before the first"): "last_year = 2019",
        ("scenario.toml", "years must ascend"): "years = [2022, 2021]",
    }.items():
        before, _, _ = texts[source].partition(words)
        assert words in texts[source]
        assert found[source, rule].row == str(before.count("\n") + 1)


def test_operators_are_any_each_or_names(folder):
    for wrong in ('"eech"', "[]", "[1]", "1"):
        text = TARGETS.replace('kind = "coverage"', f'kind = "coverage"\noperators = {wrong}', 1)
        (fault,) = faults_of(folder(targets=text))
        assert fault.rule == 'must be "any", "each" or a list of operators'
        line = text.splitlines().index(f"operators = {wrong}") + 1
        assert fault.row == str(line)


def test_a_definition_is_picked_for_the_rule_then_by_the_document_then_for_the_class(folder):
    def picked(document, scenario_text):
        text = TARGETS.replace('class = "village"', f'class = "village"\n{document}', 1)
        scenario = scenario_with("[radio]", f"[targets.definitions]\n{scenario_text}\n[radio]")
        found, rules = read_scenario(folder(scenario=scenario, targets=text))
        return found.definition(rules.rules[0])[0]

    own = 'definition = "village-signal"'
    by_class, by_rule = 'village-4G = "lte-mr-110"', 'S-V-2021 = "plan-area-95"'
    assert picked("", "") == "village-4g-miit"
    assert picked("", by_class) == "lte-mr-110"
    assert picked(own, by_class) == "village-signal"
    assert picked(own, f"{by_class}\n{by_rule}") == "plan-area-95"
    text = TARGETS.replace('class = "village"', 'class = "village"\ndefinition = "nothing"', 1)
    (fault,) = faults_of(folder(targets=text))
    assert (fault.value, fault.column) == ("nothing", "rules.S-V-2021.definition")


def test_only_what_people_report_can_be_reported(folder):
    task = '\n[[tasks]]\nid = "T"\nzh = "x"\nen = "x"\nunits = []\n'

    def told(name):
        report = f'[targets.reported]\n{name} = {{ state = "met", note = "n" }}\n[radio]'
        return folder(scenario=scenario_with("[radio]", report), targets=TARGETS + task)

    assert read_scenario(told("T"))[0].targets.reported["T"].state == "met"
    for name in ("S-V-2021", "NOBODY"):  # one is computed, the other is not there
        (fault,) = faults_of(told(name))
        assert fault.column == f"targets.reported.{name}"
