#!/usr/bin/env python3
"""Counts the unsafe code that dependencies bring, for docs/dependencies.md.

    unsafe_of_dependencies.py

Needs cargo and the sources of the dependencies, which it fetches. A line for
each direct dependency: its own count, and what all that it needs adds, macros
left out; then the largest, and the sum. Counted are `unsafe` before a block,
fn, impl, trait or extern in `src/` as published, comments left out.
"""

import json
import pathlib
import re
import subprocess

MARKED = re.compile(r"\bunsafe\s*(?:\{|fn\b|impl\b|trait\b|extern\b)")
COMMENT = re.compile(r"//[^\n]*")


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments, "--locked"], capture_output=True, text=True, check=True).stdout


def tree(*flags):
    """The packages that `cargo tree` names, without our own: (name, version)."""
    lines = cargo("tree", "--prefix", "none", "-f", "{p}", *flags).splitlines()
    packages = {tuple(line.split()[:2]) for line in lines if line.strip()}
    return {(name, version[1:]) for name, version in packages if not name.startswith("immutag")}


def count(folder):
    texts = (path.read_text(errors="replace") for path in folder.glob("src/**/*.rs"))
    return sum(len(MARKED.findall(COMMENT.sub("", text))) for text in texts)


def main():
    packages = json.loads(cargo("metadata", "--format-version", "1"))["packages"]
    folders = {(p["name"], p["version"]): pathlib.Path(p["manifest_path"]).parent for p in packages}
    counts = {package: count(folders[package]) for package in tree("--workspace", "-e", "normal")}
    for name, version in sorted(tree("--workspace", "-e", "normal", "--depth", "1")):
        needed = tree("-e", "normal,no-proc-macro", "-p", f"{name}@{version}")
        own = counts[name, version]
        print(f"{name} {version}: {own} + {sum(counts.get(package, 0) for package in needed) - own}")
    largest = sorted(counts.items(), key=lambda item: -item[1])[:5]
    print("largest:", ", ".join(f"{name} {number}" for (name, _), number in largest))
    print(f"{len(counts)} crates, {sum(counts.values())} in {sum(1 for number in counts.values() if number)} of them")


if __name__ == "__main__":
    main()
