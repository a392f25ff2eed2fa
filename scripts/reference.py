"""Make the API reference of openapi.yaml: one HTML page that fetches nothing when it is opened."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import yaml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from scripts import code_samples  # noqa: E402 - it lies beside this file

SPECIFICATION = ROOT / "openapi.yaml"
PAGE = ROOT / "pamela" / "sandbox" / "reference.html"
LOGO = re.compile(r"https://cdn\.redoc\.ly/redoc/logo-mini(-full)?\.svg")
NAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="36" height="12">'
    '<text y="10" font-family="sans-serif" font-size="11">Redoc</text></svg>'
)
NO_ICON = '<link rel="icon" href="data:,">'
# Redoc's menu leads to "/calls" and means "#/calls", which makes a difference in a new tab.
LINKS = """<script>
const mend = () => {
  for (const link of document.querySelectorAll('a[href^="/"]')) link.setAttribute("href", `#${link.getAttribute("href")}`);
};
new MutationObserver(mend).observe(document, { subtree: true, childList: true, attributeFilter: ["href"] });
</script>"""


def main() -> None:
    redocly = ROOT / "node_modules" / ".bin" / "redocly"
    document = yaml.safe_load(SPECIFICATION.read_text())
    code_samples.add_to(document)
    with tempfile.TemporaryDirectory() as directory:
        with_samples = Path(directory) / "openapi.json"
        with_samples.write_text(json.dumps(document, ensure_ascii=False))
        command = [str(redocly), "build-docs", str(with_samples), "--inlineBundle", f"--output={PAGE}"]
        subprocess.run(command, cwd=ROOT, check=True)
    # Redoc loads its logo from its own site, and a browser asks for an icon where none is named.
    page = LOGO.sub(f"data:image/svg+xml,{quote(NAME)}", PAGE.read_text())
    page = page.replace("</head>", f"{NO_ICON}{LINKS}</head>", 1)
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
