"""The door in: files of a region folder become one checked Region on one grid."""

from siteplan.region.inputs import InputFile
from siteplan.region.read import read_region
from siteplan.region.region import Region

__all__ = ["InputFile", "Region", "read_region"]
