"""The package for npm: the types of the API, as `openapi-typescript` makes them, and the specification as JSON."""

import json
from pathlib import Path
from typing import Any

NAME = "pamela-voice-api-types"
README = """\
# {name}

The types of the {title} {version}, and its specification: `openapi.json`.

```bash
npm install openapi-fetch {name}
```

```ts
import createClient from "openapi-fetch";
import type {{ components, paths }} from "{name}";

const client = createClient<paths>({{
  baseUrl: "https://api.thisispamela.com",
  headers: {{ Authorization: "Bearer pk_live_..." }},
}});
type Call = components["schemas"]["Call"];
```

Enumerations grow: a value that these types do not know may arrive. `import specification from "{name}/openapi.json"
with {{ type: "json" }}` reads the specification.
"""


def make(directory: Path, document: dict[str, Any], license_text: str) -> None:
    """Write what the package has beside its types and the specification.

    Args:
        directory: The package, where `index.d.ts` and `openapi.json` are.
        document: The specification.
        license_text: The licence in full.
    """
    info = document["info"]
    described = {
        "name": NAME,
        "version": info["version"],
        "description": f"The types of the {info['title']}, made from its specification.",
        "license": info["license"]["identifier"],
        "type": "module",
        "types": "./index.d.ts",
        "exports": {".": {"types": "./index.d.ts"}, "./openapi.json": "./openapi.json"},
        "files": ["index.d.ts", "openapi.json", "README.md", "LICENSE"],
    }
    (directory / "package.json").write_text(json.dumps(described, indent=2) + "\n")
    (directory / "README.md").write_text(README.format(name=NAME, title=info["title"], version=info["version"]))
    (directory / "LICENSE").write_text(license_text)
