"""Tests; a package, so that no folder of it hides an installed module (`coverage`)."""
