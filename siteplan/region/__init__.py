"""The door in: files of a region folder become one checked Region on one grid."""

from siteplan.region.region import InputFile, Region, read_region

__all__ = ["InputFile", "Region", "read_region"]
