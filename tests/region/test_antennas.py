"""Planet files as vendors write them, and files that are none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.errors import InputError
from siteplan.region.antennas import parse_antenna, read_antennas

ANGLES = np.arange(360)
SIDE = np.minimum(ANGLES, 360 - ANGLES)


def horizontal():
    """Attenuation of a panel of 65 degrees: published, so known."""
    return np.minimum(12.0 * (SIDE / 65.0) ** 2, 30.0)


def vertical(tilt=0):
    """Ten degrees wide, `tilt` degrees below the horizon."""
    offset = (ANGLES - tilt + 180) % 360 - 180
    return np.minimum(12.0 * (offset / 10.0) ** 2, 20.0)


def block(name, values, *, closed=False, separator="\t", decimal="."):
    lines = [f"{i}{separator}{value:.3f}".replace(".", decimal) for i, value in enumerate(values)]
    if closed:
        lines.append(f"360{separator}{values[0]:.3f}".replace(".", decimal))
    return f"{name} {len(lines)}\n" + "\n".join(lines) + "\n"


def text(head="NAME panel\nFREQUENCY 1850\nGAIN 15.85 dBd\nTILT ELECTRICAL\n", tilt=0, **options):
    return (
        head
        + block("HORIZONTAL", horizontal(), **options)
        + block("VERTICAL", vertical(tilt), **options)
    )


def parse(given, encoding="utf-8"):
    data = given if isinstance(given, bytes) else given.encode(encoding)
    return parse_antenna(data, name="a", source="a.msi")


def faults(given, encoding="utf-8"):
    with pytest.raises(InputError) as caught:
        parse(given, encoding)
    return caught.value.faults


def test_the_cuts_are_gains_below_the_maximum():
    antenna = parse(text())
    np.testing.assert_allclose(antenna.horizontal_db, -horizontal(), atol=5e-4)
    np.testing.assert_allclose(antenna.vertical_db, -vertical(), atol=5e-4)
    assert antenna.frequency_mhz == 1850.0
    assert antenna.combination == "projection"
    assert antenna.source == "a.msi: panel"


@pytest.mark.parametrize(
    ("line", "gain_dbi"),
    # 0 dBd is 2.15 dBi, the gain of a half-wave dipole; without a unit the format means dBd
    [
        ("15.85", 18.0),
        ("15.85 dBd", 18.0),
        ("18 dBi", 18.0),
        ("18dBi", 18.0),
        ("18 (dBi)", 18.0),
        ("15.85 [dBd]", 18.0),
        ("18,00 DBI", 18.0),
        ("-1.5 dBi", -1.5),
    ],
)
def test_gain_is_in_dbd_unless_it_says_dbi(line, gain_dbi):
    assert parse(text(f"GAIN {line}\n")).gain_dbi == pytest.approx(gain_dbi)


@pytest.mark.parametrize(
    "head",
    [
        "NAME: a\nGAIN: 18 dBi\nFREQUENCY : 2600\n",
        "NAME=a\nGAIN=18 dBi\nFREQUENCY = 2600\n",
        "NAME\ta\nGAIN\t18\tdBi\nFREQUENCY\t2600\n",
        "NAME\u3000a\nGAIN\uff1a18\u3000dBi\nFREQUENCY\u30002600\n",
    ],
    ids=["colon", "equals", "tab", "full width"],
)
def test_a_key_and_its_value_are_parted_in_any_way(head):
    antenna = parse(text(head), "gbk")
    assert (antenna.gain_dbi, antenna.frequency_mhz, antenna.source) == (18.0, 2600.0, "a.msi: a")


@pytest.mark.parametrize(
    ("line", "frequency_mhz"),
    [
        ("2600", 2600.0),
        ("2600 MHz", 2600.0),
        ("2.6 GHz", 2600.0),
        ("1710-1880", 1795.0),
        ("1710 - 1880 MHz", 1795.0),
    ],
)
def test_frequency_with_and_without_its_unit(line, frequency_mhz):
    found = parse(text(f"GAIN 15\nFREQUENCY {line}\n")).frequency_mhz
    assert found == pytest.approx(frequency_mhz)


@pytest.mark.parametrize(
    ("head", "tilt", "found"),
    [
        ("TILT ELECTRICAL\n", 6, 6.0),  # no number: where the beam is
        ("TILT ELECTRICAL 6\n", 6, 6.0),
        ("TILT 6\n", 7, 6.0),  # what is stated counts, near enough to the beam
        ("TILT ELECTRICAL\nELECTRICAL_TILT 4\n", 4, 4.0),
        ("ELECTRICAL_TILT 4\nTILT ELECTRICAL\n", 4, 4.0),
        ("TILT MECHANICAL\n", 0, 0.0),
        ("", 5, 5.0),
        ("", 358, -2.0),
    ],
)
def test_the_tilt_that_the_cut_holds(head, tilt, found):
    assert parse(text(f"GAIN 15\n{head}", tilt)).electrical_tilt_deg == pytest.approx(found)


def test_a_flat_top_has_its_tilt_in_the_middle():
    cut = vertical(5)
    cut[4:9] = 0.0
    given = "GAIN 15\n" + block("HORIZONTAL", horizontal()) + block("VERTICAL", cut)
    assert parse(given).electrical_tilt_deg == pytest.approx(6.0)


def test_an_antenna_without_direction_has_no_tilt():
    flat = np.zeros(360)
    antenna = parse("GAIN 2\n" + block("HORIZONTAL", flat) + block("VERTICAL", flat))
    assert antenna.electrical_tilt_deg == 0.0
    assert antenna.all_round


@pytest.mark.parametrize(
    "given",
    [
        text("panel of a vendor\nGAIN 15.85\nFREQUENCY 1850\n"),  # NAME left out
        text().replace("\n", "\r\n"),
        text().replace("\n", "\r"),
        text(separator=" "),
        text(separator="   "),
        text(separator=";", decimal=","),
        text(decimal=","),
        text(closed=True),
        "# made for a test\n// twice\n\n" + text() + "\n\x1a",
        text().lower(),
        text().replace("HORIZONTAL 360", "HORIZONTAL"),
        text("\ufeffGAIN: 15.85\nFREQUENCY = 1850\n"),
        text("GAIN 15.85\nFREQUENCY 1850\nVENDOR_KEY some words 5\nCOMMENT 0 1\nCOMMENT twice\n"),
        text().replace("HORIZONTAL", "COMMENT after\nHORIZONTAL"),
    ],
)
def test_the_same_antenna_however_it_is_written(given):
    antenna = parse(given)
    np.testing.assert_allclose(antenna.horizontal_db, -horizontal(), atol=5e-4)
    np.testing.assert_allclose(antenna.vertical_db, -vertical(), atol=5e-4)
    assert antenna.gain_dbi == pytest.approx(18.0)
    assert antenna.frequency_mhz == 1850.0


def test_vertical_before_horizontal_and_other_steps():
    side = np.minimum(np.arange(0, 360, 5), 360 - np.arange(0, 360, 5))
    cut = "\n".join(f"{5 * i} {value / 6:.2f}" for i, value in enumerate(side))
    antenna = parse(f"GAIN 15\nVERTICAL 72\n{cut}\nHORIZONTAL 72\n{cut}\n")
    np.testing.assert_allclose(antenna.horizontal_db, -side / 6.0, atol=0.005)


def test_chinese_names_in_both_encodings():
    given = text("NAME 华北天线\nGAIN 15\n")
    assert parse(given).source == "a.msi: 华北天线"
    assert parse(given, "gbk").source == "a.msi: 华北天线"


def test_signed_attenuations_mean_the_same():
    signed = "GAIN 15\n" + block("HORIZONTAL", -horizontal()) + block("VERTICAL", -vertical())
    np.testing.assert_allclose(parse(signed).horizontal_db, -horizontal(), atol=5e-4)


def swapped():
    lines = text().split("\n")
    place = lines.index("HORIZONTAL 360")
    lines[place + 10], lines[place + 11] = lines[place + 11], lines[place + 10]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("given", "rule", "row"),
    [
        (text().replace("GAIN 15.85 dBd\n", ""), "GAIN is missing", ""),
        (text().replace("15.85 dBd", "fifteen"), "GAIN must be", "line 3"),
        (text().replace("15.85 dBd", "1585"), "GAIN must be", "line 3"),
        (text().replace("15.85 dBd", "15.85 W"), "GAIN must be", "line 3"),
        (text().replace("15.85 dBd", "nan"), "GAIN must be", "line 3"),
        (text().replace("1850", "-1850"), "FREQUENCY must be", "line 2"),
        (text().replace("1850", "high"), "FREQUENCY must be", "line 2"),
        (text().replace("\n17\t0.821", "\n17\tmuch"), "not a line of the HORIZONTAL", "line 23"),
        (text().replace("\n17\t0.821", "\n17\tnan"), "not a line of the HORIZONTAL", "line 23"),
        (text().replace("\n17\t0.821", "\n17\t1 2"), "not a line of the HORIZONTAL", "line 23"),
        (text().replace("\n17\t0.821", ""), "announces 360 lines", "line 5"),
        (text().replace("\n17\t0.821", "\n17\t-0.821"), "both signs", "line 23"),
        (swapped(), "angles must rise by 1", "line 15"),
        (text().replace("HORIZONTAL 360", "HORIZONTAL many"), "its number of lines", "line 5"),
        (text() + "GAIN 3\n", "GAIN stands twice", "line 727"),
        (text() + block("VERTICAL", vertical()), "VERTICAL stands twice", "line 727"),
        (text(tilt=6).replace("ELECTRICAL", "ELECTRICAL 0"), "its maximum 6 degrees", "line 4"),
        (text(tilt=354).replace("ELECTRICAL", "ELECTRICAL 6"), "its maximum -6 degrees", "line 4"),
        ("GAIN 15\n" + block("HORIZONTAL", horizontal()), "no VERTICAL cut", ""),
        ("GAIN 15\n" + block("HORIZONTAL", horizontal()[:20]), "at least 36", "line 2"),
        (
            "GAIN 15\n" + block("HORIZONTAL", horizontal() + 40.0) + block("VERTICAL", vertical()),
            "nowhere comes near",
            "",
        ),
        (
            text(closed=True).replace("\n360\t0.000\nV", "\n360\t9.000\nV"),
            "the cut must close",
            "line 366",
        ),
    ],
)
def test_each_fault_is_named_with_its_line(given, rule, row):
    found = [(fault.rule, fault.row) for fault in faults(given)]
    assert any(rule in text and row == line for text, line in found), found


def test_all_faults_are_told_at_once():
    given = text().replace("15.85 dBd", "x").replace("1850", "y").replace("\n17\t0.821", "\n17\tz")
    assert len({fault.row for fault in faults(given)}) >= 3


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"\x00" * 500, bytes(range(256)) * 4, b"PK\x03\x04" + b"\xff" * 99, b":\n=\n"],
)
def test_garbage_is_refused(data):
    assert faults(data)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_a_damaged_file_is_an_antenna_or_a_list_of_faults(data):
    lines = text().split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        lines[place] = data.draw(
            st.one_of(
                st.text(max_size=12), st.sampled_from(["HORIZONTAL 360", "VERTICAL", "5 1e999"])
            )
        )
    try:
        antenna = parse("\n".join(lines).encode("utf-8", errors="replace"))
    except InputError:
        return
    assert np.isfinite(antenna.horizontal_db).all()
    assert (antenna.horizontal_db <= 0.0).all()
    assert (antenna.vertical_db <= 0.0).all()


def test_files_of_a_folder_and_what_is_wrong_with_them(tmp_path):
    (tmp_path / "good.msi").write_text(text(), encoding="utf-8")
    (tmp_path / "huge.msi").write_bytes(b"0" * 2_000_000)
    (tmp_path / "bad.msi").write_text("NAME x\n", encoding="utf-8")
    found, faults = read_antennas(tmp_path, {"p": "good.msi"})
    assert found["p"].name == "p"
    assert not faults
    names = ("good.msi", "huge.msi", "bad.msi", "none.msi", "../secret.msi")
    found, faults = read_antennas(tmp_path, {name: name for name in names})
    assert list(found) == ["good.msi"]
    message = str(InputError(faults))
    for part in ("at most 1000000 bytes", "no VERTICAL cut", "does not exist", "inside the region"):
        assert part in message
