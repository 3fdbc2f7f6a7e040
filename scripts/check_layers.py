#!/usr/bin/env python3
"""Fails when a file includes a header of a layer that its own layer must not know."""
import pathlib
import re
import sys

ALLOWED = {
    "model": {"model"},
    "sys": {"model", "sys"},
    "probe": {"model", "sys", "probe"},
    "measure": {"model", "sys", "measure"},
    "harness": {"model", "sys", "harness"},
    "inspect": {"model", "sys", "inspect"},
    "vm": {"model", "sys", "vm"},
    "explain": {"model", "explain"},
    "plugin": {"model", "explain", "plugin"},
    "compare": {"model", "compare"},
    "render": {"model", "compare", "render"},
    "explore": {"model", "sys", "explore"},
    "guest": {"model", "sys", "harness", "explore", "guest"},
    "cli": {"model", "sys", "harness", "vm", "explore", "explain", "inspect", "compare",
            "render", "guest", "cli"},
    "probes": {"model", "sys", "probe"},
    "bench": {"model", "sys", "measure"},
}

root = pathlib.Path(__file__).resolve().parent.parent
wrong = []
for layer, allowed in ALLOWED.items():
    folder = root / layer if layer in ("probes", "bench") else root / "src" / layer
    files = [f for f in folder.rglob("*") if f.suffix in (".h", ".cpp")]
    if not files:
        wrong.append(f"{folder}: no source there")
    for file in files:
        for used in re.findall(r'#include "(\w+)/', file.read_text()):
            if used in ALLOWED and used not in allowed:
                wrong.append(f"{file.relative_to(root)}: {layer} must not know {used}")
print("\n".join(wrong) or "every layer knows only what it may")
sys.exit(1 if wrong else 0)
