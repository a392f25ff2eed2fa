"""Whoever uses a part of the package whose extra is not installed is told which `pip install` is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

BARE = """
import sys

class OnlyWhatIsRequired:
    ALLOWED = {"pamela", "httpx", "httpcore", "h11", "anyio", "sniffio", "certifi", "idna", "attr", "attrs", "dateutil",
               "six", "typing_extensions"} | set(sys.stdlib_module_names)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self.ALLOWED and not name.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, OnlyWhatIsRequired())
"""

PARTS = {
    "import pamela.integrations.flask": "flask",
    "import pamela.integrations.fastapi": "fastapi",
    "import pamela.integrations.starlette": "fastapi",
    "import pamela.integrations.django": "django",
    "import pamela.sandbox; pamela.sandbox.run()": "sandbox",
    "import runpy; runpy.run_module('pamela.sandbox', run_name='__main__')": "sandbox",
    "import pamela.cli; pamela.cli.main()": "cli",
    "import pamela.campaigns.campaign": "campaigns",
    "from pamela import tool\n@tool\ndef eta(order_id: str) -> str:\n    'When.'\n    return ''": "tools",
}


@pytest.mark.parametrize(("code", "extra"), PARTS.items(), ids=PARTS.values())
def test_the_extra_is_named(code: str, extra: str) -> None:
    ran = subprocess.run([sys.executable, "-c", BARE + code], capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert f"pip install 'thisispamela[{extra}]'" in ran.stderr
    assert len([line for line in ran.stderr.splitlines() if line.startswith("During handling")]) == 0


def test_the_package_needs_no_extra() -> None:
    code = "import pamela\npamela.PamelaClient('k'); pamela.WebhookEndpoint('s'); import pamela.integrations.asgi, pamela.integrations.wsgi"
    ran = subprocess.run([sys.executable, "-c", BARE + code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
