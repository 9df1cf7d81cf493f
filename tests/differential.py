#!/usr/bin/env python3
"""Repairs thousands of layouts of templates, and asks others what changed.

    differential.py IMMUTAG [--files N] [--seed S] [--more FOLDER]...
                    [--sample N] [--cfn-lint PROGRAM] [--checkov PROGRAM]

Takes every input of fixtures/ (and every file below FOLDER), and writes each
in other layouts that mean the same: other line ends, a byte order mark,
comments, other indentation, other quotes, explicit keys, braces, lines,
minified and escaped JSON, YAML as JSON, JSON as YAML. A layout is kept where
the judge reads what it reads in the original. IMMUTAG is run once over the
tree, and with --unsafe-fixes over those whose fixture asks for that; then of
each file:

  tree    what the judge (PyYAML on libyaml, or `json`) reads differs from
          before by ImageTagMutability of AWS::ECR::Repository resources alone,
          each of which was reported, and each that was reported as fixable is
          right now; with --unsafe-fixes, a filter may go and a word elsewhere
          become IMMUTABLE
  bytes   the text before, with the edits that were reported, is the text
          after; an edit takes or brings nothing but words of the fix
  again   a second fix changes nothing
  missed  a literal that breaks the rule is reported

On a sample, PyYAML's own parser and ruamel.yaml compare as well; and where
they are named, cfn-lint must report no error that it did not report before,
and Checkov must pass each resource that was repaired.

Needs PyYAML 6; ruamel.yaml is asked if it is there. Exit status 1 where a
file is damaged. The same seed gives the same files.
"""

import argparse
import collections
import io
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

try:
    from ruamel.yaml import YAML
except ImportError:
    YAML = None

HERE = pathlib.Path(__file__).resolve().parent.parent
TYPE, KEY, FILTERS = "AWS::ECR::Repository", "ImageTagMutability", "ImageTagMutabilityExclusionFilters"
WORDS = {"IMMUTABLE", "MUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"}
FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BOM = "\ufeff"


# What a text says, for a judge: nested tuples, the styles left out.

def shape(node, depth=0):
    if depth > 90:
        raise ValueError("deep")
    if node is None:
        return ("null", "")
    if isinstance(node, yaml.ScalarNode):
        return (node.tag, node.value)
    if isinstance(node, yaml.SequenceNode):
        return ("seq", node.tag, tuple(shape(item, depth + 1) for item in node.value))
    return ("map", node.tag, tuple((shape(k, depth + 1), shape(v, depth + 1)) for k, v in node.value))


def of_json(value):
    if isinstance(value, Pairs):
        return ("map", "tag:yaml.org,2002:map", tuple((("tag:yaml.org,2002:str", k), of_json(v)) for k, v in value))
    if isinstance(value, list):
        return ("seq", "tag:yaml.org,2002:seq", tuple(of_json(item) for item in value))
    if isinstance(value, str):
        return ("tag:yaml.org,2002:str", value)
    name = {bool: "bool", int: "int", float: "float", type(None): "null"}[type(value)]
    return ("tag:yaml.org,2002:" + name, "" if value is None else json.dumps(value))


class Pairs(list):
    """The members of an object, those of the same name included."""


def strict_json(text):
    return json.loads(text.removeprefix(BOM), object_pairs_hook=Pairs)


def compose(text, loader):
    return list(yaml.compose_all(text, Loader=loader))


def read(text, loader=FAST):
    """The documents of a text. An alias bomb is not followed."""
    if text.removeprefix(BOM).lstrip().startswith(("{", "[")):
        try:
            return (of_json(strict_json(text)),)
        except ValueError:
            pass
    if len(re.findall(r"\*\w", text)) > 30:
        raise ValueError("aliases")
    return tuple(shape(document) for document in compose(text, loader))


def plain(documents):
    """The same without what YAML and JSON write differently: null."""
    if isinstance(documents, tuple):
        if documents and documents[0] in ("tag:yaml.org,2002:null", "null"):
            return ("null",)
        return tuple(plain(part) for part in documents)
    return documents


def ruamel(text):
    def of(node):
        if isinstance(node.value, str):
            return (str(node.tag), node.value)
        if "Mapping" in type(node).__name__:
            return ("map", str(node.tag), tuple((of(k), of(v)) for k, v in node.value))
        return ("seq", str(node.tag), tuple(of(item) for item in node.value))
    return tuple(("null", "") if d is None else of(d) for d in YAML(pure=True).compose_all(text))


# The rule, as far as literals go.

def get(mapping, key):
    if mapping and mapping[0] == "map":
        for k, v in mapping[2]:
            if k[-1] == key:
                return v
    return None


def is_map(node):
    return bool(node) and node[0] == "map"


def word(node):
    return node[1] if node and node[0] == "tag:yaml.org,2002:str" else None


def resources(documents):
    """(path, resource) of every repository, where a template declares them."""
    def section(node, path):
        if not is_map(node):
            return
        for k, v in node[2]:
            name = k[-1]
            if isinstance(name, str) and name.startswith("Fn::ForEach") and v[0] == "seq" and len(v[2]) > 2:
                yield from section(v[2][-1], path + (name, len(v[2]) - 1))
            elif is_map(v) and word(get(v, "Type")) == TYPE:
                yield path + (name,), v
    for number, root in enumerate(documents):
        at = (number,)
        if not is_map(root):
            continue
        if get(root, "Resources") is not None:
            yield from section(get(root, "Resources"), at + ("Resources",))
        inner = get(root, "resources")
        if is_map(inner):
            yield from section(get(inner, "Resources"), at + ("resources", "Resources"))
        elif inner and inner[0] == "seq":
            for index, item in enumerate(inner[2]):
                yield from section(get(item, "Resources"), at + ("resources", index, "Resources"))
        own = [(k, v) for k, v in root[2] if not str(k[-1]).startswith("Fn::ForEach")]
        if all(is_map(v) and "::" in (word(get(v, "Type")) or "") for _, v in own):
            yield from section(("map", root[1], tuple(own)), at)


def breaks(resource):
    """Whether a literal, or nothing, breaks the rule; None where it is computed."""
    properties = get(resource, "Properties")
    if properties is None or properties[0].endswith("null") or properties[0] == "null":
        return True
    if not is_map(properties) or properties[1] != "tag:yaml.org,2002:map":
        return None
    if any(k[-1] == "<<" or str(k[-1]).startswith("Fn::") for k, _ in properties[2]):
        return None
    mode = get(properties, KEY)
    if mode is None or mode[0].endswith("null"):
        return True
    if mode[0] != "tag:yaml.org,2002:str" or any(sign in mode[1] for sign in "${}"):
        return None
    return mode[1] not in ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")


# What changed.

def differences(before, after, path=()):
    """Where two trees differ: (path, kind, before, after)."""
    if before == after:
        return
    if is_map(before) and is_map(after) and before[1] == after[1]:
        old, new = before[2], after[2]
        i = j = 0
        while i < len(old) or j < len(new):
            a = old[i] if i < len(old) else None
            b = new[j] if j < len(new) else None
            if a and b and a[0] == b[0]:
                yield from differences(a[1], b[1], path + (a[0][-1],))
                i, j = i + 1, j + 1
            elif b and b[0][-1] in (KEY, FILTERS, "Properties") and (a is None or a[0] != b[0]) and b[0] not in [k for k, _ in old]:
                yield path + (b[0][-1],), "added", None, b[1]
                j += 1
            elif a:
                yield path + (a[0][-1],), "removed", a[1], None
                i += 1
            else:
                yield path + (b[0][-1],), "added", None, b[1]
                j += 1
    elif before[0] == "seq" and after[0] == "seq" and before[1] == after[1] and len(before[2]) == len(after[2]):
        for index, (a, b) in enumerate(zip(before[2], after[2])):
            yield from differences(a, b, path + (index,))
    else:
        yield path, "changed", before, after


def is_no_value(node):
    reference = get(node, "Ref")
    return is_map(node) and len(node[2]) == 1 and reference and reference[1] == "AWS::NoValue"


GOOD = ("tag:yaml.org,2002:str", "IMMUTABLE")


def tree_damage(before, after, unsafe):
    """(what is wrong, the names of the resources that changed)."""
    if len(before) != len(after):
        return ["tree: another number of documents"], set()
    own = {path: resource for path, resource in resources(before)}
    wrong, changed = [], set()
    for number, (a, b) in enumerate(zip(before, after)):
        for path, kind, old, new in differences(a, b, (number,)):
            owner = next((p for p in own if path[: len(p)] == p), None)
            rest = path[len(owner):] if owner else path
            is_mode = rest == ("Properties", KEY) and kind != "removed" and new == GOOD
            is_opened = (
                rest == ("Properties",)
                and is_map(new) and len(new[2]) == 1 and new[2][0][0][-1] == KEY and new[2][0][1] == GOOD
                and (old is None or old[0].endswith("null"))
            )
            if owner and (is_mode or is_opened):
                changed.add(owner[-1])
            elif unsafe and kind == "changed" and new == GOOD and (old[0] != "map" or is_no_value(old)):
                changed.add(owner[-1] if owner else None)
            elif unsafe and kind == "added" and new == GOOD and path[-1] == KEY and "Properties" in path[-3:]:
                changed.add(owner[-1] if owner else None)
            elif unsafe and kind == "removed" and path[-1] == FILTERS:
                pass
            else:
                wrong.append(f"tree: {kind} at {'/'.join(map(str, path))}: {str(old)[:80]} to {str(new)[:80]}")
    return wrong, changed


TAKEN = re.compile(r"[\w <>.-]*|~|[\s\"'{},]*|(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\w)*")
BROUGHT = re.compile(r"(?:ImageTagMutability|Properties|IMMUTABLE|IM|[\s\"'{}:,?])*")


def byte_damage(before, after, findings, unsafe):
    edits = {}
    for finding in findings:
        for edit in finding["edits"]:
            region = edit["region"]
            edits[(region["byte_offset"], region["byte_length"])] = edit["text"]
    out, at, wrong = [], 0, []
    for (offset, length), text in sorted(edits.items()):
        out += [before[at:offset], text.encode()]
        taken = before[offset : offset + length].decode("utf-8", "replace")
        if not unsafe and not (TAKEN.fullmatch(taken) and BROUGHT.fullmatch(text)):
            wrong.append(f"bytes: {taken!r} became {text!r}")
        at = offset + length
    if b"".join(out) + before[at:] != after:
        wrong.append("bytes: the text is not the old one with the edits that were reported")
    return wrong


# Layouts. Each takes a text and chance, and gives a text, or None.

def crlf(text, chance):
    return None if "\r" in text else text.replace("\n", "\r\n")


def bom(text, chance):
    return None if text.startswith(BOM) else BOM + text


def final_newline(text, chance):
    return text.rstrip("\n") if text.endswith("\n") and not text.endswith("\r\n") else text + "\n"


def blank_end(text, chance):
    return text + ("\n" if text.endswith("\n") else "\n\n") * chance.randint(1, 3)


def lines_of(text):
    return text.split("\n")


def comments(text, chance):
    out = []
    for line in lines_of(text):
        if chance.random() < 0.2:
            out.append(" " * chance.choice((0, 2, 4, 6, 7)) + "# a note: {x} 'y'")
        if chance.random() < 0.2 and line.strip() and "#" not in line:
            line = line.rstrip("\r") + "  # beside it" + ("\r" if line.endswith("\r") else "")
        out.append(line)
    return "\n".join(out)


def blank_lines(text, chance):
    out = []
    for line in lines_of(text):
        if chance.random() < 0.15:
            out.append(" " * chance.choice((0, 0, 3)))
        out.append(line)
    return "\n".join(out)


def trailing_blanks(text, chance):
    return "\n".join(line + " " * chance.choice((0, 0, 1, 3)) if line.strip() else line for line in lines_of(text))


def wider(text, chance):
    factor = chance.choice((2, 3, 4))
    grown = lambda line: " " * (factor - 1) * (len(line) - len(line.lstrip(" "))) + line
    return "\n".join(map(grown, lines_of(text)))


def shifted(text, chance):
    pad = " " * chance.randint(1, 5)
    return "\n".join(pad + line if line.strip() else line for line in lines_of(text))


PAIR = re.compile(r"^(\s*(?:- )*)([A-Za-z][A-Za-z0-9]*(?:::[A-Za-z0-9]+)*):(\s|$)")


def quoted_keys(text, chance):
    mark, share = chance.choice("'\""), chance.choice((1.0, 0.5))
    put = lambda m: m[1] + mark + m[2] + mark + ":" + m[3]
    return "\n".join(PAIR.sub(put, line) if chance.random() < share else line for line in lines_of(text))


VALUE = re.compile(r"(: )([A-Za-z][A-Za-z0-9:._-]*)(\r?)$")


def quoted_values(text, chance):
    mark, share = chance.choice("'\""), chance.choice((1.0, 0.5))
    put = lambda m: m[1] + mark + m[2] + mark + m[3]
    return "\n".join(VALUE.sub(put, line) if chance.random() < share else line for line in lines_of(text))


def unquoted(text, chance):
    return re.sub(r"(['\"])([A-Za-z][A-Za-z0-9]*)\1", r"\2", text)


def wide_colons(text, chance):
    gap = " " * chance.randint(2, 9)
    return "\n".join(re.sub(r"^(\s*(?:- )*[\w:'\"]+): (?=\S)", r"\1:" + gap, line) for line in lines_of(text))


def space_before_colons(text, chance):
    return "\n".join(re.sub(r"^(\s*(?:- )*[A-Za-z]\w*):(?=\s|$)", r"\1 :", line) for line in lines_of(text))


def explicit_keys(text, chance):
    def put(line):
        m = re.match(r"^( *)([A-Za-z]\w*):(?: (\S.*))?$", line)
        if not m or chance.random() < 0.6:
            return line
        return f"{m[1]}? {m[2]}\n{m[1]}:" + (f" {m[3]}" if m[3] else "")
    return "\n".join(map(put, lines_of(text)))


def marks(text, chance):
    if text.startswith(("---", "%", BOM)):
        return None
    head = chance.choice(("---\n", "--- # it\n", "# first\n---\n", "%YAML 1.1\n---\n", "\n\n"))
    tail = chance.choice(("", "...\n", "...\n# last\n"))
    return head + text + ("" if text.endswith("\n") or not tail else "\n") + tail


def value_on_next_line(text, chance):
    def put(line):
        m = re.match(r"^( *)([A-Za-z]\w*): ([A-Za-z][\w:]*)$", line)
        return f"{m[1]}{m[2]}:\n{m[1]}    {m[3]}" if m and chance.random() < 0.3 else line
    return "\n".join(map(put, lines_of(text)))


def other_document(text, chance):
    if text.startswith(("%", BOM)) or re.search(r"^(---|\.\.\.|%)", text, re.M):
        return None
    return text + ("" if text.endswith("\n") else "\n") + "---\nanother: [document]\n"


def written_anew(text, chance):
    """Through the writer of PyYAML, in braces or lines, by chance at each node."""
    documents = compose(text, FAST)
    if "*" in text and re.search(r"\*\w", text):
        return None
    share = chance.choice((0.0, 0.0, 0.15, 0.5, 1.0))
    style = chance.choice((None, "'", '"', "mixed"))

    def restyle(node):
        if isinstance(node, yaml.ScalarNode):
            is_word = node.tag == "tag:yaml.org,2002:str"
            if is_word or node.tag.startswith("!"):
                node.style = chance.choice((None, "'", '"')) if style == "mixed" else style
            return
        node.flow_style = chance.random() < share
        for item in node.value:
            for part in item if isinstance(item, tuple) else (item,):
                restyle(part)

    for document in documents:
        if document is None:
            return None
        restyle(document)
    return yaml.serialize_all(
        documents, Dumper=yaml.SafeDumper, indent=chance.randint(2, 8), allow_unicode=chance.random() < 0.5,
        width=chance.choice((20, 40, 80, 10_000)), line_break=chance.choice(("\n", "\n", "\r\n")),
        explicit_start=chance.random() < 0.2, explicit_end=chance.random() < 0.1,
    )


def in_braces(text, chance):
    """By our own hand: one member a line, or all on one."""
    documents = compose(text, FAST)
    if len(documents) != 1 or documents[0] is None or re.search(r"[*&]\w", text):
        return None
    step, spread = chance.choice((0, 1, 2, 4)), chance.random() < 0.6
    pad, comma = chance.choice(("", " ")), chance.choice((",", ", "))
    bare = chance.random() < 0.5

    def write(node, depth):
        if isinstance(node, yaml.ScalarNode):
            is_safe = re.fullmatch(r"[A-Za-z][\w]*", node.value)
            tag = node.tag + " " if node.tag.startswith("!") and node.tag != "!" else ""
            if not tag and node.tag != "tag:yaml.org,2002:str":
                return node.value
            return tag + (node.value if bare and is_safe and not tag else json.dumps(node.value))
        tag = node.tag + " " if node.tag.startswith("!") else ""
        is_map = isinstance(node, yaml.MappingNode)
        open_, close = "{}" if is_map else "[]"
        if is_map:
            items = [write(k, depth + 1) + ": " + write(v, depth + 1) for k, v in node.value]
        else:
            items = [write(item, depth + 1) for item in node.value]
        if not items:
            return tag + open_ + close
        if spread and depth < 3:
            inner = "\n" + " " * (step * (depth + 1) + 1)
            trailing = chance.choice(("", ","))
            return tag + open_ + inner + ("," + inner).join(items) + trailing + "\n" + " " * (step * depth) + close
        return tag + open_ + pad + comma.join(items) + pad + close

    return write(documents[0], 0) + "\n"


def as_json(text, chance):
    """What can be said in JSON, in any layout of it."""
    documents = read(text)
    if len(documents) != 1:
        return None

    def value(node):
        if node[0] == "map":
            if node[1] != "tag:yaml.org,2002:map":
                raise ValueError
            return [(k[1], value(v)) for k, v in node[2]]
        if node[0] == "seq":
            return ("seq", [value(item) for item in node[2]])
        tag = node[0].rpartition(":")[2]
        if tag == "str":
            return ("word", node[1])
        if tag in ("null", "bool", "int", "float"):
            return ("raw", json.dumps(json.loads(node[1] or "null")))
        raise ValueError

    try:
        top = value(documents[0])
    except (ValueError, TypeError, IndexError):
        return None
    step = chance.choice((None, 0, 1, 2, 4, "\t"))
    comma = chance.choice((",", ", ", " ,")) if step is None else chance.choice((",", ",", " ,"))
    colon = chance.choice((":", ": ", " : ", ":  "))
    brace = chance.choice(("", "", " ")) if step is None else ""
    ascii_only, escapes = chance.random() < 0.5, chance.random() < 0.1

    def text_of(word):
        text = json.dumps(word, ensure_ascii=ascii_only)
        if escapes and word.isalpha():
            at = chance.randrange(len(word))
            text = '"' + word[:at] + "\\u%04x" % ord(word[at]) + word[at + 1 :] + '"'
        return text

    def write(node, depth):
        if isinstance(node, tuple) and node[0] == "word":
            return text_of(node[1])
        if isinstance(node, tuple) and node[0] == "raw":
            return node[1]
        is_map = isinstance(node, list)
        open_, close = "{}" if is_map else "[]"
        items = (
            [text_of(k) + colon + write(v, depth + 1) for k, v in node]
            if is_map else [write(item, depth + 1) for item in node[1]]
        )
        if not items:
            return open_ + close
        if step is None or (not is_map and all(len(item) < 20 for item in items) and chance.random() < 0.5):
            return open_ + brace + comma.join(items) + brace + close
        unit = step if isinstance(step, str) else " " * step
        inner = "\n" + unit * (depth + 1)
        return open_ + inner + (comma + inner).join(items) + "\n" + unit * depth + close

    return write(top, 0) + chance.choice(("", "\n"))


FIRST = [written_anew, written_anew, in_braces, as_json, as_json, None, None, None]
THEN = [
    comments, blank_lines, trailing_blanks, wider, shifted, quoted_keys, quoted_values, unquoted, wide_colons,
    space_before_colons, explicit_keys, marks, value_on_next_line, other_document, final_newline, blank_end,
]
LAST = [crlf, bom]


def layout(text, chance):
    """Some of the ways, one after the other; what they were."""
    steps = [chance.choice(FIRST)]
    steps += chance.sample(THEN, chance.choice((0, 1, 1, 2, 3)))
    steps += [step for step in LAST if chance.random() < 0.25]
    done = []
    for step in filter(None, steps):
        try:
            new = step(text, chance)
        except (yaml.YAMLError, ValueError, TypeError, RecursionError):
            new = None
        if new is not None and new != text:
            text = new
            done.append(step.__name__)
    return text, done


# The run.

def originals(more):
    """(name, text, flags) of every template there is to start from."""
    found = []
    for kind in ("comply", "error", "fix", "refuse", "unseen", "withheld"):
        for path in sorted((HERE / "fixtures" / kind).glob("*/input.*")):
            args = path.with_name("args")
            flags = tuple(args.read_text().split()) if args.exists() else ()
            found.append((f"{kind}-{path.parent.name}{path.suffix}", path, flags))
    for number, folder in enumerate(more):
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.is_file():
                found.append((f"more{number}-{len(found)}{path.suffix}", path, ()))
    texts = []
    for name, path, flags in found:
        try:
            texts.append((name, path.read_bytes().decode(), flags))
        except UnicodeDecodeError:
            continue
    return texts


class Item:
    def __init__(self, folder, before, shape, steps):
        self.folder, self.before, self.shape, self.steps = folder, before, shape, steps


def make(args, root):
    chance = random.Random(args.seed)
    sources = []
    unread = 0
    for name, text, flags in originals(args.more):
        try:
            sources.append((name, text, flags, plain(read(text))))
        except (yaml.YAMLError, ValueError, RecursionError):
            unread += 1
    seen, items, dropped, ways = set(), {}, 0, collections.Counter()
    rounds = 0
    while len(items) < args.files and rounds < 400:
        rounds += 1
        for name, text, flags, says in sources:
            if len(items) >= args.files:
                break
            new, steps = (text, []) if rounds == 1 else layout(text, chance)
            if (flags, new) in seen:
                continue
            seen.add((flags, new))
            try:
                shape = read(new)
            except (yaml.YAMLError, ValueError, RecursionError):
                dropped += 1
                continue
            compared = plain(shape)
            if "other_document" in steps:
                compared = compared[:-1]
            if compared != says:
                dropped += 1
                continue
            # What other flags do is the fixtures' to hold.
            group = "unsafe" if "--unsafe-fixes" in flags else "plain"
            path = f"{group}/{len(items) % 100:02}/{len(items):05}-{name}"
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(new.encode())
            items[path] = Item(group, new.encode(), shape, steps)
            ways.update(steps or ["as it is"])
    return items, unread, dropped, ways


def run(immutag, root, group, mode, *flags):
    command = [immutag, mode, "--output-format", "json", "--no-config", *flags, group]
    if group == "unsafe":
        command.insert(2, "--unsafe-fixes")
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode not in (0, 1, 2) or not done.stdout:
        sys.exit(f"{command}: {done.returncode}\n{done.stderr.decode()[-2000:]}")
    return json.loads(done.stdout)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("immutag")
    ap.add_argument("--files", type=int, default=1000)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--more", action="append", default=[])
    ap.add_argument("--sample", type=int, default=200)
    ap.add_argument("--cfn-lint")
    ap.add_argument("--checkov")
    ap.add_argument("--keep", help="leave the files, before and after, in this folder")
    args = ap.parse_args()
    sys.setrecursionlimit(5000)
    args.immutag = str(pathlib.Path(args.immutag).resolve())

    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(args.keep or temporary) / "after"
        root.mkdir(parents=True)
        items, unread, dropped, ways = make(args, root)
        shutil.copytree(root, root.with_name("before"))
        sys.exit(judge_all(args, root, items, unread, dropped, ways))


def judge_all(args, root, items, unread, dropped, ways):
    reported, errors = {}, {}
    for group in sorted({item.folder for item in items.values()}):
        for file in run(args.immutag, root, group, "fix")["files"]:
            reported[file["path"]] = file
    groups = sorted({item.folder for item in items.values()})
    damaged, counts, answers = {}, collections.Counter(), collections.Counter()
    changed_paths = []
    after_of = {}
    for path, item in items.items():
        unsafe = item.folder == "unsafe"
        after = after_of[path] = (root / path).read_bytes()
        file = reported.get(path, {"findings": [], "changed": False})
        problems = []
        findings = file["findings"]
        error = file.get("error")
        for finding in findings:
            answers[finding["status"]] += 1
        fixed = [f for f in findings if f["status"] == "fixed"]
        counts["files"] += 1
        try:
            shape = read(after.decode())
        except (yaml.YAMLError, ValueError, RecursionError) as e:
            damaged[path] = [f"tree: cannot be read after: {e}"]
            continue
        wrong, names = tree_damage(item.shape, shape, unsafe)
        problems += wrong
        if after != item.before:
            counts["changed"] += 1
            changed_paths.append(path)
            problems += byte_damage(item.before, after, fixed, unsafe)
            if not unsafe and names != {f["logical_id"] for f in fixed}:
                problems.append(f"tree: {names} changed, {[f['logical_id'] for f in fixed]} were reported as fixed")
        elif fixed:
            problems.append("bytes: reported as fixed, and nothing changed")
        if error:
            counts["errors"] += 1
            if after != item.before:
                problems.append("an error, and changed")
        told = collections.Counter(f["logical_id"] for f in findings)
        for where, resource in resources(shape):
            if breaks(resource):
                counts["left"] += 1
                if not error and not told[where[-1]]:
                    problems.append(f"missed: {where[-1]}")
                if any(f["logical_id"] == where[-1] and f["status"] == "fixed" for f in fixed) and told[where[-1]] == 1:
                    problems.append(f"rule: {where[-1]} was reported as fixed and is not")
        if problems:
            damaged[path] = problems
    for group in groups:
        run(args.immutag, root, group, "fix")
    for path in items:
        if (root / path).read_bytes() != after_of[path]:
            damaged.setdefault(path, []).append("again: a second fix changed it")

    sampled = random.Random(args.seed).sample(changed_paths, min(args.sample, len(changed_paths)))
    judges = {"PyYAML, its own parser": lambda text: read(text, yaml.SafeLoader)}
    if YAML:
        judges["ruamel.yaml"] = ruamel
    told = []
    for name, judge in judges.items():
        same = unreadable = 0
        for path in sampled:
            try:
                before = judge(items[path].before.decode())
            except Exception:  # noqa: BLE001  whatever it is that it cannot read
                unreadable += 1
                continue
            try:
                after = judge(after_of[path].decode())
                wrong, _ = tree_damage(before, after, items[path].folder == "unsafe")
            except Exception as e:  # noqa: BLE001
                wrong = [f"cannot be read after by {name}: {e}"]
            if wrong:
                damaged.setdefault(path, []).extend(wrong)
            same += 1
        told.append((f"sample judged by {name}", same))
        told.append(("  that it cannot read at all", unreadable))
    if args.cfn_lint:
        told += cfn_lint(args.cfn_lint, root, sampled, damaged)
    if args.checkov:
        told += checkov(args.checkov, root, sampled, reported, damaged)

    print(f"{'originals that the judge cannot read':50} {unread:7}")
    print(f"{'layouts that mean something else, left out':50} {dropped:7}")
    print(f"{'files':50} {counts['files']:7}")
    for way, count in sorted(ways.items()):
        print(f"{'  ' + way:50} {count:7}")
    print(f"{'changed':50} {counts['changed']:7}")
    for answer, count in sorted(answers.items()):
        print(f"{'  findings ' + answer:50} {count:7}")
    print(f"{'files with an error, unchanged':50} {counts['errors']:7}")
    print(f"{'repositories left that break the rule, reported':50} {counts['left']:7}")
    for what, count in told:
        print(f"{what:50} {count:7}")
    print(f"{'damaged':50} {len(damaged):7}")
    for path, problems in list(damaged.items())[:30]:
        print(f"DAMAGED {path} ({', '.join(items[path].steps)}): {'; '.join(problems[:3])}")
    return 1 if damaged else 0


def cfn_lint(program, root, paths, damaged):
    def errors(folder):
        done = subprocess.run(
            [program, "--format", "json", "--non-zero-exit-code", "none", "--", *paths],
            cwd=folder, capture_output=True, check=False,
        )
        found = collections.Counter()
        for match in json.loads(done.stdout or "[]"):
            if match["Level"] == "Error":
                found[match["Filename"], match["Rule"]["Id"]] += 1
        return found
    before, after = errors(root.with_name("before")), errors(root)
    for (path, rule), count in after.items():
        if count > before[path, rule]:
            damaged.setdefault(path, []).append(f"cfn-lint: {rule} is new")
    return [("sample, errors of cfn-lint before", sum(before.values())), ("  after", sum(after.values()))]


def checkov(program, root, paths, reported, damaged):
    def verdicts(folder):
        with tempfile.TemporaryDirectory() as temporary:
            for number, path in enumerate(paths):
                suffix = ".json" if path.endswith(".json") else ".yaml"
                shutil.copy(folder / path, pathlib.Path(temporary) / f"{number}{suffix}")
            done = subprocess.run(
                [program, "-d", temporary, "--framework", "cloudformation", "--check", "CKV_AWS_51",
                 "--output", "json", "--soft-fail", "--compact"],
                capture_output=True, check=False, env={**os.environ, "LOG_LEVEL": "ERROR"},
            )
        report = json.loads(done.stdout)
        report = report[0] if isinstance(report, list) else report
        found = {"passed": set(), "failed": set()}
        for kind in found:
            for check in report.get("results", {}).get(f"{kind}_checks", []):
                number = int(pathlib.Path(check["file_path"]).stem)
                found[kind].add((paths[number], check["resource"].rpartition(".")[2]))
        return found
    before, after = verdicts(root.with_name("before")), verdicts(root)
    for path, name in after["failed"]:
        findings = reported.get(path, {"findings": []})["findings"]
        statuses = [f["status"] for f in findings if f["logical_id"] == name]
        if statuses and all(status == "fixed" for status in statuses):
            mode = [f for f in findings if f["logical_id"] == name][0]
            if not mode["sources"]:
                damaged.setdefault(path, []).append(f"Checkov: {name} was repaired and fails")
    return [
        ("sample, repositories that fail Checkov before", len(before["failed"])),
        ("  after", len(after["failed"])),
        ("  that pass after", len(after["passed"])),
    ]


if __name__ == "__main__":
    main()
