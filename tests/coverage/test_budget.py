"""Link budget against figures worked out in planners' tables."""

import pytest

from siteplan import catalog
from siteplan.coverage.budget import element_noise_dbm, element_power_dbm, reference_level_dbm
from siteplan.scenario import Radio


@pytest.mark.parametrize(
    ("name", "power_dbm"),
    [
        # 10 lg(P / (12 RB)) in dBm: 200 W over 273 blocks, 320 W over 273, 240 W over 160, 40 W over 100
        ("macro-nr3500", 17.9),
        ("macro-nr2600", 19.9),
        ("macro-nr700", 21.0),
        ("macro-lte1800", 15.2),
        # 40 W over 50 blocks is twice as much an element
        ("macro-lte900", 18.2),
    ],
)
def test_power_of_one_resource_element(name, power_dbm):
    gear = catalog.equipment()[name]
    found = element_power_dbm(gear, catalog.carriers()[gear.carrier])
    assert found == pytest.approx(power_dbm, abs=0.06)


def test_gains_and_losses_add_up():
    gear = catalog.equipment()["macro-lte1800"]
    carrier = catalog.carriers()[gear.carrier]
    # 15.23 dBm + 15 dBi - 0.5 dB feeder - 3 dB body - 12 dB wall
    radio = Radio(body_loss_db=3.0, penetration_loss_db=12.0)
    assert reference_level_dbm(gear, carrier, radio) == pytest.approx(14.73, abs=0.01)
    assert reference_level_dbm(gear, carrier, Radio()) == pytest.approx(29.73, abs=0.01)


@pytest.mark.parametrize(
    ("carrier", "noise_dbm"),
    # -174 dBm/Hz + 10 lg 15 kHz = -132.2 dBm, 30 kHz is 3 dB more; 7 dB noise figure
    [("lte1800", -125.2), ("nr3500", -122.2)],
)
def test_noise_of_one_resource_element(carrier, noise_dbm):
    radio = Radio(noise_figure_db=7.0)
    assert element_noise_dbm(catalog.carriers()[carrier], radio) == pytest.approx(
        noise_dbm, abs=0.05
    )
