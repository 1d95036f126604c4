"""An OpenStreetMap extract is streamed: memory does not grow with what is read of it."""

import subprocess
import sys

import pytest

pytest.importorskip("resource")

SIDE = 0.0002  # of a house [deg]

READ = """\
import resource, sys
from pathlib import Path
import shapely
from siteplan.region import osm
box = (106.0, 39.0, 109.0, 41.0)
rows, _ = osm.write_osm_layers(Path(sys.argv[1]), shapely.box(*box), box, Path(sys.argv[2]))
print(rows["buildings"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_houses(path, count):
    """Write houses in rows, each of four nodes."""
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n')
        for i in range(count):
            west, south = 107.0 + i % 500 * 0.001, 40.0 + i // 500 * 0.001
            for k, (east, north) in enumerate(((0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE))):
                file.write(
                    f'<node id="{4 * i + k + 1}" lon="{west + east:.6f}" lat="{south + north:.6f}"/>\n'
                )
        for i in range(count):
            refs = "".join(f'<nd ref="{4 * i + k + 1}"/>' for k in (0, 1, 2, 3, 0))
            tags = f'<tag k="building" v="house"/><tag k="addr:housenumber" v="{i}"/>'
            file.write(f'<way id="{i + 1}">{refs}{tags}<tag k="building:levels" v="2"/></way>\n')
        file.write("</osm>\n")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_features(tmp_path):
    peaks = []
    for count in (1000, 40_000, 160_000):
        path = tmp_path / "houses.osm"
        write_houses(path, count)
        command = [sys.executable, "-c", READ, str(path), str(tmp_path / f"{count}.gpkg")]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        rows, peak = map(int, done.stdout.split())
        assert rows == count
        peaks.append(peak)
    base, some, many = peaks
    print(peaks)
    # four times the features; what was held in proportion to them took four times the memory
    assert many - base < 2.0 * (some - base)
