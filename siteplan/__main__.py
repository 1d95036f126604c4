"""``python -m siteplan`` runs the command line."""

import sys

from siteplan.cli import main

sys.exit(main())
