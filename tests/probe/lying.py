"""What the programs in this folder share: the checks, verdicts, and tables of lies."""
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import subprocess

TABLES = pathlib.Path(__file__).resolve().parent / "lies"
OTHERWISE = TABLES / "none.txt"
FLAGS = {"cgroup": "NEWCGROUP", "ipc": "NEWIPC", "mnt": "NEWNS", "net": "NEWNET", "pid": "NEWPID",
         "time": "NEWTIME", "user": "NEWUSER", "uts": "NEWUTS"}
# Checks wait 20 s for what must happen. Under a lie it does not happen, so they need not.
IMPATIENT = os.environ | {"NSVET_PATIENCE_MS": "1500"}


@dataclasses.dataclass(frozen=True)
class Check:
    id: str
    program: str
    types: tuple


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of a table: a check and lies that are told together."""
    check: str
    program: str
    lies: tuple


@dataclasses.dataclass(frozen=True)
class Verdict:
    outcome: str  # also "hang", or "exit N" for a program that said nothing
    text: str

    @property
    def reason(self):
        found = re.search(r"^  reason    (.*)$", self.text, re.M)
        return found[1] if found else ""


class Bench:
    """A liar and the probes to lie to."""

    def __init__(self, liar, probes):
        self.liar = liar
        self.probes = pathlib.Path(probes)

    def checks(self):
        for probe in sorted(self.probes.glob("probe-*")):
            listed = subprocess.run([probe, "--list", "--events", "1"], check=True,
                                    stdout=subprocess.PIPE, text=True).stdout
            for line in listed.splitlines():
                row = json.loads(line)["listing"]
                yield Check(row["id"], probe.name.removeprefix("probe-"), tuple(row["types"]))

    def run(self, check, program, lies=(), limit=60):
        """The verdict of a check; a lie that says nothing ("attach") is one, too."""
        command = [self.probes / f"probe-{program}", "--run", check]
        if lies:
            command = [self.liar, *lies, "--", *command]
        honest = not lies or tuple(lies) == ("attach",)
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, errors="replace",
                                  timeout=limit, env=None if honest else IMPATIENT)
        except subprocess.TimeoutExpired as late:
            return Verdict("hang", (late.stdout or b"").decode(errors="replace"))
        words = done.stdout.split(None, 1)
        return Verdict(words[0] if words else f"exit {done.returncode}", done.stdout + done.stderr)


def lines(table):
    for text in pathlib.Path(table).read_text().splitlines():
        if text.strip() and not text.startswith("#"):
            check, program, *lies = text.split()
            yield Line(check, program, tuple(lies))


def otherwise():
    """The checks that no lie breaks, and how each was shown to fail."""
    if not OTHERWISE.exists():
        return {}
    return dict(text.split(None, 1) for text in OTHERWISE.read_text().splitlines()
                if text.strip() and not text.startswith("#"))


def by_ptrace(lies):
    """Whether the liar must trace for one of these."""
    return any(re.match(r"[a-z0-9_#]+(\[[^]]*\])?:", lie) or lie == "attach"
               or re.search(r"\[[^]]*(~|in=|out=|init|#)", lie) for lie in lies)


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(function, items)
