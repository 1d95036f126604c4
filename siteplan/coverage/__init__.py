"""From stations, terrain and formulas to signal: antennas, link budget, footprints, network."""
