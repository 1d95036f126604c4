"""Published propagation formulas: numbers in, decibels out; no CRS, file, table or configuration."""
