#!/usr/bin/env python3
"""Templates with the marks of Jinja at random places, rendered before and after
the repair.

immutag renders nothing: it has to tell from the marks alone what it may edit.
Here Jinja renders, with its default options and every choice of two variables.
Wherever a text gave a template before (YAML without a key twice, as PyYAML
reads it), the repaired text must give the same but for the modes of
repositories, and each mode must be the old one or IMMUTABLE.

    tests/rendered.py target/release/immutag [--templates N] [--seed N]

Needs Jinja2 and PyYAML.
"""

import argparse
import copy
import pathlib
import random
import subprocess
import sys
import tempfile

import jinja2
import yaml

SHAPES = [
    """\
Resources:
  Web:
    Type: AWS::ECR::Repository
    Properties:
      RepositoryName: web
      ImageTagMutability: MUTABLE
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: t
""",
    """\
Resources:
  Web:
    Type: AWS::ECR::Repository
  Api:
    Type: AWS::ECR::Repository
    Properties:
      RepositoryName: api
    DeletionPolicy: Retain
Outputs:
  A:
    Value: b
""",
    """\
Resources:
  Web:
    Type: AWS::ECR::Repository
    Properties:
      RepositoryName: web
      Tags:
        - Key: a
          Value: b
  Job:
    Properties: {RepositoryName: job}
    Type: AWS::ECR::Repository
""",
]


def mark(draw, word):
    """A block mark, one in four with signs that take white space away."""
    before, behind = "", ""
    if draw.random() < 0.25:
        before, behind = draw.choice([("-", ""), ("", "-"), ("-", "-")])
    return "{%" + before + " " + word + " " + behind + "%}"


def place(draw, lines, at, written):
    """Puts a mark on a line of its own, or on another before or behind what
    stands there."""
    how = draw.choice(["own", "own", "own", "first", "before", "behind"])
    if at >= len(lines) or how == "own":
        lines.insert(at, " " * draw.choice([0, 0, 2, 4, 6, 8]) + written)
        return
    line = lines[at]
    indent = len(line) - len(line.lstrip())
    if how == "first":
        lines[at] = written + line
    elif how == "before":
        cut = draw.choice([indent, indent, max(0, indent - 2)])
        lines[at] = line[:cut] + written + line[cut:]
    else:
        lines[at] = line + draw.choice(["", " "]) + written


def template(draw):
    """A shape with one or two blocks in it, some with an `else`."""
    lines = draw.choice(SHAPES).splitlines()
    for _ in range(draw.choice([1, 1, 2])):
        begin = draw.randrange(1, len(lines))
        end = draw.randrange(begin, len(lines) + 1)
        place(draw, lines, end, mark(draw, "endif"))
        if end > begin and draw.random() < 0.25:
            place(draw, lines, draw.randrange(begin, end + 1), mark(draw, "else"))
        place(draw, lines, begin, mark(draw, "if " + draw.choice("ab")))
    return "\n".join(lines) + "\n"


class Loader(yaml.SafeLoader):
    """Takes no key twice."""


def mapping(loader, node):
    keys = [key.value for key, _ in node.value]
    if len(keys) != len(set(map(str, keys))):
        raise yaml.YAMLError("a key stands twice")
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


Loader.add_constructor("tag:yaml.org,2002:map", mapping)


def read(text):
    """What a rendered text says without the modes, and the modes; None where
    it is no template."""
    try:
        document = yaml.load(text, Loader)
    except yaml.YAMLError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        return None
    document, modes = copy.deepcopy(document), {}
    for name, resource in document["Resources"].items():
        if not isinstance(resource, dict) or "Type" not in resource:
            return None
        if resource["Type"] != "AWS::ECR::Repository":
            continue
        properties = resource.get("Properties")
        modes[name] = None
        if isinstance(properties, dict):
            modes[name] = properties.pop("ImageTagMutability", None)
        if not properties:
            resource.pop("Properties", None)
    return document, modes


def wrong(before, after):
    """What is wrong with a repaired text as it is rendered, if anything is."""
    if after is None:
        return "can no longer be read"
    if before[0] != after[0]:
        return "says something else"
    if before[1].keys() != after[1].keys():
        return "has other repositories"
    for name, mode in after[1].items():
        if mode not in (before[1][name], "IMMUTABLE"):
            return f"has {mode} in {name}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("immutag")
    parser.add_argument("--templates", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    jinja = jinja2.Environment(keep_trailing_newline=True)
    changed = rendered = failures = 0
    for flags in ([], ["--unsafe-fixes"]):
        with tempfile.TemporaryDirectory() as folder:
            texts = {}
            for nth in range(options.templates // 2):
                path = pathlib.Path(folder) / f"{nth}.yaml.j2"
                texts[path] = template(draw)
                path.write_text(texts[path])
            command = [options.immutag, "fix", "-q", "--no-config", *flags, folder]
            run = subprocess.run(command, capture_output=True, text=True)
            if "[proof]" in run.stderr:
                failures += 1
                print(run.stderr, file=sys.stderr)
            for path, text in texts.items():
                repaired = path.read_text()
                if repaired == text:
                    continue
                changed += 1
                for choice in ({"a": a, "b": b} for a in (False, True) for b in (False, True)):
                    try:
                        before = read(jinja.from_string(text).render(choice))
                    except jinja2.TemplateError:
                        break
                    if before is None:
                        continue
                    rendered += 1
                    after = read(jinja.from_string(repaired).render(choice))
                    why = wrong(before, after)
                    if why:
                        failures += 1
                        print(f"with {choice}, it {why}:\n{text}--- repaired\n{repaired}")
    print(f"{options.templates} templates, {changed} repaired, {rendered} renderings, {failures} wrong")
    # A check that has looked at nothing is none.
    return 1 if failures or not rendered else 0


if __name__ == "__main__":
    sys.exit(main())
