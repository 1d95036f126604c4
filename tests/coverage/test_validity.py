"""Models outside their ranges: named with the share concerned, or refused when the scenario asks."""

import pytest

import siteplan
from siteplan.coverage.stations import station_table
from siteplan.coverage.validity import validity_warnings
from siteplan.errors import InputError
from tests import handmade as hand


def land(**radio):
    given = hand.sites(
        ("low", "tower", "existing", 500.0, 500.0),
        ("high", "tower", "existing", 5500.0, 5500.0),
        ("pole", "lamp_pole", "existing", 3500.0, 3500.0),
    )
    return hand.region(the_sites=given.assign(antenna_height_m=[35.0, 200.0, 8.0]), radio=radio)


def stations(region, *names, equipment="macro-lte900"):
    rows = [{"id": n, "site_id": n, "operator": "甲", "technology": "4G"} for n in names]
    return station_table(region, hand.stations(*rows).assign(equipment=equipment))


def models(region, table):
    found = validity_warnings(region, table)
    assert {fault.severity for fault in found} == {"warning"}
    return {(f.source, f.column): (f.value, f.rule) for f in found if f.source != "scenario.toml"}


def test_nothing_outside_is_nothing_said_but_the_radius():
    region = land(macro_model="tr38901-rma", radius_m=5000.0, outside_validity="error")
    (only,) = validity_warnings(region, stations(region, "low"))
    assert (only.column, only.severity) == ("radio.radius_m", "warning")


def test_the_share_of_stations_and_of_the_area():
    region = land(macro_model="tr38901-rma", radius_m=10_000.0)
    found = models(region, stations(region, "low", "high"))
    # 10 to 150 m: one of two; without sight to 5 km: three quarters of a disc of 10 km lie beyond
    value, rule = found["tr38901-rma (macro)", "base_height_m"]
    assert value == "50% of stations"
    assert "10 to 150 m" in rule
    value, rule = found["tr38901-rma (macro)", "distance_m"]
    assert value.startswith("75% of the area")
    assert "out of sight" in rule


def test_a_frequency_outside_names_its_model_only():
    region = land(macro_model="okumura-hata-open", micro_model="tr38901-umi", radius_m=5000.0)
    found = models(region, stations(region, "low", equipment="macro-lte1800"))
    assert found["okumura-hata-open (macro)", "frequency_mhz"][0] == "100% of stations"
    assert not any(source.startswith("tr38901-umi") for source, _ in found)


def test_an_error_when_asked_for():
    region = land(macro_model="tr38901-rma", radius_m=10_000.0, outside_validity="error")
    with pytest.raises(InputError) as caught:
        validity_warnings(region, stations(region, "low", "high"))
    assert {fault.column for fault in caught.value.faults} == {"base_height_m", "distance_m"}
    assert {fault.severity for fault in caught.value.faults} == {"error"}
    message = str(caught.value)
    for part in ("tr38901-rma (macro)", "50% of stations", "10 to 150 m", "outside_validity"):
        assert part in message


def test_no_station_is_nothing_to_say():
    region = land(macro_model="okumura-hata-open", outside_validity="error")
    assert len(validity_warnings(region, stations(region))) == 1


def test_only_warn_or_error():
    with pytest.raises(ValueError, match="outside_validity"):
        land(outside_validity="ignore")


def test_a_plan_is_refused_before_anything_is_computed(small_folder):
    path = small_folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    strict = text.replace("[radio]", '[radio]\noutside_validity = "error"')
    path.write_text(strict, encoding="utf-8")
    # 8 km of radius, and RMa without sight is published to 5 km
    with pytest.raises(InputError, match="out of sight for 10 to 5000 m"):
        siteplan.make_plan(siteplan.read_region(small_folder))


def test_a_spread_over_places_alone_is_said_until_drive_tests_tell_it():
    region = land(macro_model="p1812", radius_m=5000.0)
    found = validity_warnings(region, stations(region, "low"))
    assert any("too sure" in fault.rule for fault in found)
    fitted = {"p1812": {"offset_db": 1.0, "sigma_db": 7.0}}
    region = land(macro_model="p1812", radius_m=5000.0, corrections=fitted)
    found = validity_warnings(region, stations(region, "low"))
    assert not any("too sure" in fault.rule for fault in found)
    # only the models in use count
    region = land(macro_model="p1812", micro_model="tr38901-umi", radius_m=5000.0)
    found = validity_warnings(region, stations(region, "pole", equipment="micro-nr3500"))
    assert not any("too sure" in fault.rule for fault in found)
