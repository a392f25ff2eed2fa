"""Make the API reference of openapi.yaml: one HTML page that fetches nothing when it is opened."""

import re
import subprocess
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "pamela" / "sandbox" / "reference.html"
LOGO = re.compile(r"https://cdn\.redoc\.ly/redoc/logo-mini(-full)?\.svg")
NAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="36" height="12">'
    '<text y="10" font-family="sans-serif" font-size="11">Redoc</text></svg>'
)
NO_ICON = '<link rel="icon" href="data:,">'


def main() -> None:
    redocly = ROOT / "node_modules" / ".bin" / "redocly"
    command = [str(redocly), "build-docs", "openapi.yaml", "--inlineBundle", f"--output={PAGE}"]
    subprocess.run(command, cwd=ROOT, check=True)
    # Redoc loads its logo from its own site, and a browser asks for an icon where none is named.
    page = LOGO.sub(f"data:image/svg+xml,{quote(NAME)}", PAGE.read_text())
    page = page.replace("</head>", f"{NO_ICON}</head>", 1)
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
