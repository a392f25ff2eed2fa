"""Build the documentation site: `make docs` puts it into site/, with `llms.txt` and the Markdown of each page beside it.

The same as one file, to publish or to read elsewhere, is dist/documentation.zip.

The pages of docs/ link to files of the repository, as they do where the repository is looked at. The site has a copy of each
such file, so that it needs nothing from elsewhere.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
STAGED = ROOT / "build" / "docs"
SITE = ROOT / "site"
PACKED = ROOT / "dist" / "documentation.zip"
LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
INCLUDED = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)


def main() -> None:
    """Build the site."""
    stage()
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.rmtree(ROOT / ".cache", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=ROOT, check=True)
    shutil.rmtree(ROOT / ".cache", ignore_errors=True)
    titles = {}
    for page in sorted(STAGED.rglob("*.md")):
        name = page.relative_to(STAGED)
        shutil.copyfile(page, SITE / name)
        titles[name.as_posix()] = title(page)
    (SITE / "llms.txt").write_text("".join(f"{line}\n" for line in overview(titles)))
    PACKED.parent.mkdir(exist_ok=True)
    shutil.make_archive(os.fspath(PACKED.with_suffix("")), "zip", SITE)
    print(
        f"The site is in {SITE.relative_to(ROOT)}/, and packed in {PACKED.relative_to(ROOT)}. "
        "`python -m http.server --directory site` serves it. Its search needs a server."
    )


def stage() -> None:
    """Copy the pages to build/docs, with the files of the repository that they link to."""
    shutil.rmtree(STAGED, ignore_errors=True)
    shutil.copytree(DOCS, STAGED)
    for page in sorted(DOCS.rglob("*.md")):
        name = page.relative_to(DOCS)
        text = INCLUDED.sub(lambda found, page=page: included(ROOT / found[1], page), page.read_text())  # type: ignore[misc]
        wanted = LINK.sub(lambda found, page=page, name=name: inside(found, page, name), text)  # type: ignore[misc]
        (STAGED / name).write_text(wanted)


def included(file: Path, page: Path) -> str:
    """Return the text of a file that a page includes, with its links as seen from the page."""

    def moved(found: re.Match[str]) -> str:
        before, target, after = found.groups()
        if "://" in target:
            return found[0]
        return f"{before}{os.path.relpath(file.parent / target, page.parent)}{after}"

    return LINK.sub(moved, file.read_text())


def inside(found: re.Match[str], page: Path, name: Path) -> str:
    """Return a link that stays in the site; a file from outside docs/ is copied into it."""
    before, target, after = found.groups()
    file = Path(os.path.normpath(page.parent / target))
    if "://" in target or file.is_relative_to(DOCS) or not file.is_file():
        return found[0]
    copy = STAGED / "files" / file.relative_to(ROOT)
    # A Markdown file would become a page.
    copy = copy.with_suffix(".txt") if copy.suffix == ".md" else copy
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
    return f"{before}{os.path.relpath(copy, (STAGED / name).parent)}{after}"


def overview(titles: dict[str, str]) -> Iterator[str]:
    """Yield the lines of llms.txt: the pages in the order of the navigation."""
    config = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader=yaml.SafeLoader)
    yield f"# {config['site_name']}"
    yield ""
    yield f"> {config['site_description']}"
    yield ""
    for entry in config["nav"]:
        for heading, pages in entry.items() if isinstance(entry, dict) else [("More", [entry])]:
            yield f"## {heading}"
            yield ""
            yield from (f"- [{titles[page]}]({page})" for page in names(pages))
            yield ""


def names(entry: Any) -> Iterator[str]:
    """Yield the pages of a part of the navigation."""
    if isinstance(entry, str):
        yield entry
    else:
        for each in entry.values() if isinstance(entry, dict) else entry:
            yield from names(each)


def title(page: Path) -> str:
    """Return the heading of a page."""
    found = re.search(r"^# (.+)", page.read_text(), re.MULTILINE)
    return found[1] if found else page.stem


if __name__ == "__main__":
    main()
