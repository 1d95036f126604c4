"""
What the chosen stations need besides a structure: fibre along the roads, rooms, and electricity.

Between selection and plan: :func:`plan_backhaul` takes the region and the stations of today and of the
plan, and gives tables for the lists, the map and the document.
"""

from siteplan.backhaul.fibre import FibrePlan, connect_fibre, fibre_nodes
from siteplan.backhaul.power import PowerPlan, plan_power, station_load
from siteplan.backhaul.rooms import RoomPlan, plan_rooms, room_candidates
from siteplan.backhaul.stage import BackhaulPlan, plan_backhaul
from siteplan.backhaul.words import FIBRE_EN, FIBRE_ZH

__all__ = [
    "FIBRE_EN",
    "FIBRE_ZH",
    "BackhaulPlan",
    "FibrePlan",
    "PowerPlan",
    "RoomPlan",
    "connect_fibre",
    "fibre_nodes",
    "plan_backhaul",
    "plan_power",
    "plan_rooms",
    "room_candidates",
    "station_load",
]
