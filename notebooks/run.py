"""Execute every notebook in this folder, and refuse one that is stored with outputs."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent


def main() -> int:
    """Run all notebooks from the root of the checkout; 1 when one is stored with outputs."""
    stored = []
    for path in sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        if any(cell.outputs or cell.execution_count is not None for cell in code):
            stored.append(path.name)
        print(f"running {path.name}", flush=True)
        root = {"metadata": {"path": str(FOLDER.parent)}}
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=root).execute()
    for name in stored:
        print(f"{name} is stored with outputs: clear them before committing", file=sys.stderr)
    return 1 if stored else 0


if __name__ == "__main__":
    sys.exit(main())
