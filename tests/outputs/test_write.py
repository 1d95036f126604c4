from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest

from siteplan.errors import OutputError
from siteplan.outputs import _folder, frames, write
from siteplan.outputs.atlas import sheet_names
from siteplan.outputs.exports import LAYERS
from siteplan.outputs.write import write_plan, write_summary

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and locks")

KILLED = """
import os, signal, sys
from pathlib import Path
from siteplan.outputs import _folder, frames, write
from siteplan.outputs.atlas import sheet_names
from siteplan.outputs.exports import LAYERS

def die(path):
    path.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

target, moment = Path(sys.argv[1]), sys.argv[2]
frames.summary = lambda plan: {"siteplan": "test"}
last = die if moment == "writing" else lambda path: path.write_text("new b")
write.plan_files = lambda *_: {"a.txt": lambda path: path.write_text("new a"), "b.txt": last}
if moment == "moving":  # between the two steps of a system that cannot exchange folders
    _folder._exchange = lambda one, other: False
    rename = Path.rename
    def rename_once(path, other):
        rename(path, other)
        os.kill(os.getpid(), signal.SIGKILL)
    Path.rename = rename_once
write.write_plan(None, target)
"""


@pytest.fixture
def quick(monkeypatch):
    """Replace the real files by two short texts, to be varied by a test."""
    writers = {
        "a.txt": lambda path: path.write_text("a", encoding="utf-8"),
        "coverage/b.txt": lambda path: path.write_text("b", encoding="utf-8"),
    }
    monkeypatch.setattr(write, "plan_files", lambda *_: writers)
    monkeypatch.setattr(frames, "summary", lambda _plan: {"siteplan": "test"})
    return writers


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def raiser(error):
    def writer(path):
        path.write_text("half", encoding="utf-8")
        raise error

    return writer


@pytest.fixture(scope="module")
def written(small_plan, tmp_path_factory):
    return write_plan(small_plan, tmp_path_factory.mktemp("write") / "out" / "small")


class TestFiles:
    def test_every_file_is_returned_and_no_other_is_there(self, small_plan, written):
        rasters = {
            f"coverage/{technology}_{year}_{network}_{quantity}.tif"
            for technology in ("4G", "5G")
            for year in small_plan.years
            for network in ("today", "plan")
            for quantity in ("rsrp", "sinr", "server")
        }
        lists = {"map.html", "sites.xlsx", "sites.csv", "plan.gpkg", "summary.json", "plan.json"}
        lists |= {"plan.kml", "plan_shp.zip", "layout_plan.docx", "atlas.pdf"}
        lists |= {f"geojson/{layer}.geojson" for layer in LAYERS}
        lists |= {f"parquet/{layer}.parquet" for layer in LAYERS}
        lists |= {f"atlas/{name}.png" for name in sheet_names(small_plan)}
        assert set(written) == rasters | lists
        folder = written["summary.json"].parent
        assert set(content(folder)) == set(written)
        assert all(path == folder / name and path.stat().st_size for name, path in written.items())

    def test_totals_agree_in_all_files(self, small_plan, written):
        text = written["summary.json"].read_text(encoding="utf-8")
        totals = json.loads(text)["totals"]
        sites_csv = pd.read_csv(written["sites.csv"], dtype={"site_id": str})
        book = openpyxl.load_workbook(written["sites.xlsx"])
        header, *rows = book["站址清单"].iter_rows(values_only=True)
        sites_xlsx = pd.DataFrame(rows, columns=header)
        header, *rows = book["基站清单"].iter_rows(values_only=True)
        stations_xlsx = pd.DataFrame(rows, columns=header)
        planned_xlsx = stations_xlsx[stations_xlsx["网络"] == "规划"]
        sites_gpkg = pyogrio.read_dataframe(written["plan.gpkg"], layer="sites")
        stations_gpkg = pyogrio.read_dataframe(written["plan.gpkg"], layer="stations")
        planned_gpkg = stations_gpkg[stations_gpkg["network"] == "plan"]
        sites = (sites_csv, sites_xlsx, sites_gpkg)
        assert {len(table) for table in sites} == {totals["sites_planned"]}
        assert totals["sites_planned"] == small_plan.planned_stations["site_id"].nunique()
        assert [set(table.iloc[:, 0]) for table in sites[1:]] == [set(sites_csv["site_id"])] * 2
        counts = [sites_csv["stations"].sum(), sites_xlsx["基站（个）"].sum()]
        counts += [sites_gpkg["stations"].sum(), len(planned_xlsx), len(planned_gpkg)]
        assert set(counts) == {totals["stations_planned"]} == {len(small_plan.planned_stations)}
        costs = [table["cost_cny"].sum() for table in (sites_csv, sites_gpkg, planned_gpkg)]
        costs += [table["造价（元）"].sum() for table in (sites_xlsx, planned_xlsx)]
        assert set(costs) == {totals["cost_cny"]}
        by_year = {str(year): n for year, n in sites_csv["year"].value_counts().items()}
        assert by_year == totals["sites_by_year"]
        reuse = sites_csv["reuse"].value_counts().to_dict()
        assert reuse == sites_gpkg["reuse"].value_counts().to_dict() == totals["sites_by_reuse"]
        assert len(stations_gpkg) - len(planned_gpkg) == totals["stations_today"]

    def test_rules_and_gaps_agree_in_all_files(self, written):
        summary = json.loads(written["summary.json"].read_text(encoding="utf-8"))
        book = openpyxl.load_workbook(written["sites.xlsx"])
        header, *rows = book["目标"].iter_rows(values_only=True)
        in_book = pd.DataFrame(rows, columns=header).set_index("目标编号")
        in_gpkg = pyogrio.read_dataframe(written["plan.gpkg"], layer="rules").set_index("rule_id")
        assert len(in_book) == len(in_gpkg) == len(summary["rules"])
        for rule in summary["rules"]:
            expected = math.nan if rule["plan"] is None else rule["plan"]
            values = [expected, in_gpkg["plan"][rule["rule_id"]]]
            values.append(in_book["规划后值"].astype(float)[rule["rule_id"]])
            np.testing.assert_allclose(values, expected, rtol=1e-14)
        header, *rows = book["覆盖空白"].iter_rows(values_only=True)
        networks = pd.DataFrame(rows, columns=header)["网络"].value_counts()
        layers = [
            pyogrio.read_dataframe(written["plan.gpkg"], layer=name)["network"]
            for name in ("gaps", "gap_points")
        ]
        counts = pd.concat(layers).value_counts()
        totals = summary["totals"]
        assert networks["现状"] == counts["today"] == totals["gaps_today"]
        assert networks["规划后"] == counts["plan"] == totals["gaps_plan"]

    def test_summary_is_sorted_readable_and_holds_the_hashes_of_the_files(self, written):
        text = written["summary.json"].read_text(encoding="utf-8")
        summary = json.loads(text, parse_constant=pytest.fail)
        assert text == json.dumps(summary, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        assert "小旗" in text
        assert summary["files"] == {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in written.items()
            if name != "summary.json"
        }

    def test_same_plan_gives_the_same_bytes_and_replaces_the_old(self, small_plan, written):
        folder = written["summary.json"].parent
        before = content(folder)
        again = write_plan(small_plan, str(folder))
        assert again == written
        assert content(folder) == before
        assert [path.name for path in folder.parent.iterdir()] == ["small"]


class TestSummary:
    def test_hostile_names_come_back_as_they_are(self, hostile_plan, tmp_path):
        write_summary(hostile_plan, tmp_path / "summary.json")
        summary = json.loads((tmp_path / "summary.json").read_bytes())
        names = [short["name"] for short in summary["selection"]["shortfalls"]]
        assert names == list(hostile_plan.selection.shortfalls["name"])

    def test_nothing_missing_is_written_as_a_number(self, monkeypatch, tmp_path):
        values = {
            "nan": math.nan,
            "infinite": np.float64(np.inf),
            "na": pd.NA,
            "nat": pd.NaT,
            "list": [np.nan, np.int64(3), np.bool_(True), "字"],
        }
        monkeypatch.setattr(frames, "summary", lambda _plan: values)
        write_summary(None, tmp_path / "summary.json")
        assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == {
            "files": {},
            "infinite": None,
            "list": [None, 3, True, "字"],
            "na": None,
            "nan": None,
            "nat": None,
        }


class TestReplacing:
    def test_missing_parents_are_made_and_names_are_as_given(self, quick, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        files = write_plan(None, "out/deep/plan")
        assert files["coverage/b.txt"] == Path("out/deep/plan/coverage/b.txt")
        assert set(files) == {*quick, "summary.json"}

    def test_an_empty_folder_is_filled(self, quick, tmp_path):
        assert quick
        write_plan(None, tmp_path / "out", overwrite=True)
        (tmp_path / "empty").mkdir()
        write_plan(None, tmp_path / "empty", overwrite=False)
        assert content(tmp_path / "empty") == content(tmp_path / "out")

    @pytest.mark.parametrize("exchange", [True, False])
    def test_the_old_result_goes_as_a_whole(self, quick, tmp_path, monkeypatch, exchange):
        if not exchange:
            monkeypatch.setattr(_folder, "_exchange", lambda _one, _other: False)
        write_plan(None, tmp_path / "out")
        quick["c.txt"] = quick.pop("a.txt")
        write_plan(None, tmp_path / "out")
        assert set(content(tmp_path / "out")) == {"c.txt", "coverage/b.txt", "summary.json"}
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    def test_not_replaced_when_told_so(self, quick, tmp_path):
        write_plan(None, tmp_path / "out")
        before = content(tmp_path / "out")
        quick["a.txt"] = raiser(AssertionError("not reached"))
        with pytest.raises(OutputError, match=r"not empty.*overwrite=True"):
            write_plan(None, tmp_path / "out", overwrite=False)
        assert content(tmp_path / "out") == before

    @on_posix
    def test_permissions_of_the_folder_stay(self, quick, tmp_path):
        assert quick
        write_plan(None, tmp_path / "out")
        (tmp_path / "out").chmod(0o750)
        write_plan(None, tmp_path / "out")
        assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o750

    @on_posix
    def test_a_link_to_a_folder_stays_a_link(self, quick, tmp_path):
        assert quick
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
        for _ in range(2):
            write_plan(None, tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert "a.txt" in content(tmp_path / "real")


class TestRefusing:
    @pytest.mark.parametrize("name", ["notes.docx", "coverage/own.tif", "photos/a.jpg"])
    def test_foreign_files_are_named_and_kept(self, quick, tmp_path, name):
        assert quick
        write_plan(None, tmp_path / "out")
        (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_text("mine", encoding="utf-8")
        before = content(tmp_path / "out")
        with pytest.raises(OutputError, match=f"{name}, which siteplan did not write.*move them"):
            write_plan(None, tmp_path / "out")
        assert content(tmp_path / "out") == before
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    def test_a_folder_of_files_with_our_names_is_not_ours_without_our_summary(
        self, quick, tmp_path
    ):
        (tmp_path / "region").mkdir()
        for name in quick:
            (tmp_path / "region" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "region" / name).write_text("input", encoding="utf-8")
        (tmp_path / "region" / "summary.json").write_text('{"files": {"a.txt": ""}}', "utf-8")
        with pytest.raises(OutputError, match=r"a\.txt, coverage/b\.txt, summary\.json"):
            write_plan(None, tmp_path / "region")

    def test_a_result_edited_by_hand_is_kept(self, quick, tmp_path):
        assert quick
        write_plan(None, tmp_path / "out")
        (tmp_path / "out" / "a.txt").write_text("with remarks", encoding="utf-8")
        with pytest.raises(OutputError, match=r"a\.txt, changed since.*keep the changes"):
            write_plan(None, tmp_path / "out")
        (tmp_path / "out" / "a.txt").unlink()
        write_plan(None, tmp_path / "out")

    def test_what_viewers_leave_does_not_hinder(self, quick, tmp_path):
        quick["plan.gpkg"] = quick["a.txt"]
        write_plan(None, tmp_path / "out")
        for name in ("a.txt.aux.xml", "plan.gpkg-wal", "plan.gpkg", ".DS_Store"):
            (tmp_path / "out" / name).write_text("seen", encoding="utf-8")
        write_plan(None, tmp_path / "out")
        assert set(content(tmp_path / "out")) == {*quick, "summary.json"}

    def test_many_foreign_files_are_counted(self, quick, tmp_path):
        assert quick
        for i in range(25):
            (tmp_path / f"{i:02}.txt").write_text("mine", encoding="utf-8")
        with pytest.raises(OutputError, match=r"00\.txt, .*09\.txt and 15 more"):
            write_plan(None, tmp_path)

    def test_a_file_is_no_folder(self, quick, tmp_path):
        assert quick
        (tmp_path / "out").write_text("a file", encoding="utf-8")
        with pytest.raises(OutputError, match="is a file"):
            write_plan(None, tmp_path / "out")
        with pytest.raises(OutputError, match="could not be written"):
            write_plan(None, tmp_path / "out" / "below")

    def test_the_working_folder_cannot_be_replaced(self, quick, tmp_path, monkeypatch):
        assert quick
        (tmp_path / "here" / "below").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "here" / "below")
        for folder in (".", "..", tmp_path / "here"):
            with pytest.raises(OutputError, match=r"working folder.*Name a folder inside"):
                write_plan(None, folder)


class TestFailing:
    @pytest.mark.parametrize("error", [KeyError("bug"), KeyboardInterrupt(), MemoryError()])
    def test_any_failure_leaves_the_old_result_and_nothing_else(self, quick, tmp_path, error):
        write_plan(None, tmp_path / "out")
        before = content(tmp_path / "out")
        quick["coverage/b.txt"] = raiser(error)
        with pytest.raises(type(error)):
            write_plan(None, tmp_path / "out")
        assert content(tmp_path / "out") == before
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    def test_a_failed_first_run_leaves_nothing_not_even_parents(self, quick, tmp_path):
        quick["a.txt"] = raiser(KeyError("bug"))
        with pytest.raises(KeyError):
            write_plan(None, tmp_path / "out" / "deep" / "plan")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("code", "remedy"),
        [
            (errno.ENOSPC, "Free space on the disk"),
            (errno.EACCES, "may create and rename"),
            (errno.EIO, "another folder"),
        ],
    )
    def test_errors_of_the_system_say_what_to_do(self, quick, tmp_path, code, remedy):
        quick["a.txt"] = raiser(OSError(code, os.strerror(code)))
        with pytest.raises(OutputError, match=rf"a\.txt could not be written.*{remedy}"):
            write_plan(None, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []

    def test_a_move_that_fails_puts_the_old_result_back(self, quick, tmp_path, monkeypatch):
        write_plan(None, tmp_path / "out")
        before = content(tmp_path / "out")
        quick["a.txt"] = lambda path: path.write_text("new", encoding="utf-8")
        monkeypatch.setattr(_folder, "_exchange", lambda _one, _other: False)
        rename = Path.rename

        def blocked(path, other):
            if _folder.PARTIAL in path.name:
                raise PermissionError(errno.EACCES, "in use")
            return rename(path, other)

        monkeypatch.setattr(Path, "rename", blocked)
        with pytest.raises(OutputError, match=r"in use.*close its files"):
            write_plan(None, tmp_path / "out")
        assert content(tmp_path / "out") == before
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    @on_posix
    @pytest.mark.parametrize("moment", ["writing", "moving"])
    def test_a_killed_run_leaves_the_old_result_and_the_next_cleans_up(
        self, quick, tmp_path, moment
    ):
        write_plan(None, tmp_path / "out")
        before = content(tmp_path / "out")
        command = [sys.executable, "-c", KILLED, str(tmp_path / "out"), moment]
        killed = subprocess.run(command, check=False, capture_output=True)  # our own text
        assert killed.returncode < 0, killed.stderr
        left = {path.name for path in tmp_path.iterdir()} - {"out"}
        assert left
        assert all(name.startswith("out.siteplan-") for name in left)
        if moment == "writing":
            assert content(tmp_path / "out") == before
        quick["a.txt"] = raiser(KeyError("fails too"))
        with pytest.raises(KeyError):
            write_plan(None, tmp_path / "out")
        assert content(tmp_path / "out") == before
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    @on_posix
    def test_the_folder_of_a_running_process_is_left_alone(self, quick, tmp_path, monkeypatch):
        def interleaved(path):
            inner = {"a.txt": lambda other: other.write_text("inner", encoding="utf-8")}
            monkeypatch.setattr(write, "plan_files", lambda *_: inner)
            write_plan(None, tmp_path / "out")  # another run, while the first still writes
            path.write_text("outer", encoding="utf-8")

        quick["a.txt"] = interleaved
        write_plan(None, tmp_path / "out")
        assert set(content(tmp_path / "out")) == {*quick, "summary.json"}
        assert (tmp_path / "out" / "a.txt").read_text(encoding="utf-8") == "outer"
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    def test_folders_of_other_names_are_never_taken_for_ours(self, quick, tmp_path):
        assert quick
        for name in ("out2.siteplan-partial-1", "out.backup", "out.siteplan-notes"):
            (tmp_path / name).mkdir()
        write_plan(None, tmp_path / "out")
        assert len(list(tmp_path.iterdir())) == 4
