#!/usr/bin/env python3
"""Writes fuzz/seeds from testdata/corpus: one file per case, named after it. Run it again when the cases change."""

import json
import pathlib
import shutil

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parent / "testdata" / "corpus"
SEEDS = HERE / "seeds"
LONGEST = 16 * 1024
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def cases(name):
    return json.loads((CORPUS / f"{name}.json").read_text("utf-8"))["cases"]


def text(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write(target, name, content):
    data = content.encode("utf-8", "surrogatepass")
    if len(data) <= LONGEST:
        folder = SEEDS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


shutil.rmtree(SEEDS, ignore_errors=True)

for case in cases("filter-parse"):
    write("filter", case["id"], case["input"])
for case in cases("filter-eval"):
    write("filter", case["id"], case["filter"])
for case in cases("path-parse"):
    write("path", case["id"], case["input"])
for case in cases("patch-message"):
    write("patch_op", case["id"], text(case["body"]))
for case in cases("patch-apply"):
    body = text({"schemas": [PATCH_OP], "Operations": case["operations"]})
    write("apply", case["id"], text(case["before"]) + "\n" + body)
    # The messages of a third of the cases do for reading alone.
    if int(case["id"].rsplit("-", 1)[1]) % 3 == 0:
        write("patch_op", case["id"], body)
for at, choices in enumerate(["", "\x00" * 8, "\x01\x03\x04\x01\x02\x01\x05\x04", "abcdefghijklmnopqrstuvwxyz" * 3]):
    # No `{` in front: choices from which a resource and a PATCH are made.
    write("apply", f"choices-{at}", choices)
for case in cases("wire-samples"):
    kind, body = case["kind"], text(case["body"])
    if kind == "ListResponse":
        write("list_response", case["id"], body)
    elif kind in ("User", "Group"):
        write("user", case["id"], body)
        write("list_response", case["id"], text({"totalResults": 1, "Resources": [case["body"]]}))
    elif kind == "PatchOp":
        write("patch_op", case["id"], body)
    elif kind in ("Schema", "ResourceType", "ServiceProviderConfig"):
        write("user", case["id"], body)
WAITS = [
    "0", "7", "3600", "3601", "99999999999999999999999", "1.5", "-1", "", "soon", " 120 ",
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    "Fri, 31 Dec 9999 23:59:59 GMT", "Wed, 31 Feb 2024 25:61:61 GMT", "<html>\n <b>Bad gateway</b>",
]  # fmt: skip
for at, wait in enumerate(WAITS):
    write("retry_after", f"wait-{at:02}", wait)

files = [path for path in SEEDS.rglob("*") if path.is_file()]
print(f"{len(files)} seeds, {sum(path.stat().st_size for path in files)} bytes")
