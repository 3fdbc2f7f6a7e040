"""Reports that nobody measured, for tests: of the size of a long series, and hostile ones."""
import random

KERNELS = ["5.10.262", "6.1.192", "6.6.80", "6.12.118", "6.16.12", "6.17.13", "6.18.15", "6.19.14",
           "7.0.13", "7.1.13", "7.2.13", "7.3.4"]


def benchmark(name, p50, dice):
    rounds = [p50 + dice.randint(0, 9) for _ in range(3)]
    values = sorted(r + dice.choice([0, 0, 0, 0, 2, 15]) for r in rounds for _ in range(7))
    return {"name": name, "real_time": sorted(rounds)[1], "time_unit": "ns", "clock": "insn",
            "unit": "bytes" if name.startswith("memory/") else "instructions",
            "cold": p50 * 3, "p50": sorted(rounds)[1], "min": values[0], "max": values[-1],
            "mean": sum(values) / len(values), "spread": max(rounds) - min(rounds),
            "failed_calls": 0,
            "rounds": [{"label": f"seed={i}", "cold": p50 * 3, "p50": r, "min": r, "count": 7}
                       for i, r in enumerate(rounds)],
            "samples": [[v, values.count(v)] for v in sorted(set(values))]}


def explain(made, names=("[program]", "entry_SYSCALL_64", "do_syscall_64", "strlen", "[idle]")):
    """Gives every benchmark of a report a profile: the fourth is called by the third, and so on."""
    made["functions"] = list(names)
    for one in made["benchmarks"]:
        figure = 100 * min(max(1, one["p50"] // 100), 10**9)
        one["profile"] = {"figure": figure, "rest": 0,
                          "functions": [[3, figure // 2], [2, figure // 4], [0, figure // 4]],
                          "calls": [[0, 0, figure], [1, 1, figure // 2], [2, 2, figure // 2],
                                    [3, 3, figure // 4], [1, 4, figure // 4]]}
    return made


def check(name, outcome="pass", reason="", evidence=(), facts=None):
    return {"id": name, "outcome": outcome, "reason": reason, "evidence": list(evidence),
            "facts": facts or {}, "duration_ns": 1000}


def report(kernel, user="root", checks=(), benchmarks=()):
    return {"schema": "nsvet.report/1", "date": "2026-11-20T00:00:00Z",
            "cell": {"kernel": f"debian:{kernel}", "append": [], "user": user, "clock": "insn"},
            "environment": {
                "kernel": {"release": f"{kernel}-amd64", "sha256": kernel},
                "machine": {"cpu": "Nehalem", "cpus": "1"},
                "emulator": {"version": "QEMU emulator version 7.2.22"},
                "programs": {"sha256": "0"}},
            "end": {"state": "complete", "message": "", "running": "", "console": []},
            "checks": list(checks), "context": {}, "benchmarks": list(benchmarks),
            "kernel_log": [], "limits": {"kernel/pid_max": 32768}, "residue": [], "timing": {}}


def series(listings, kernels=KERNELS, users=("root", "nobody")):
    """Every check and benchmark on each kernel; some rules break, some costs change with time."""
    dice = random.Random(1)
    ids = sorted(l["id"] for l in listings if l["kind"] == "check")
    names = sorted(l["id"] for l in listings if l["kind"] == "benchmark")
    base = {name: dice.randint(400, 90000) for name in names}
    broken = {i: dice.randrange(len(kernels)) for i in dice.sample(ids, min(12, len(ids)))}
    grown = {n: (dice.randrange(len(kernels)), dice.uniform(0.7, 2)) for n in dice.sample(names, min(90, len(names)))}
    reports = []
    for user in users:
        for at, kernel in enumerate(kernels):
            checks = []
            for i in ids:
                if broken.get(i) == at:
                    checks.append(check(i, "fail", "expected EPERM, observed 0", [
                        {"what": "errno", "expected": "EPERM", "observed": "0", "holds": False}]))
                elif user == "nobody" and dice.random() < 0.4:
                    checks.append(check(i, "skip", "needs privilege over the initial namespaces"))
                else:
                    checks.append(check(i, facts={"levels": 32} if i.endswith("limit") else None))
            benchmarks = []
            for n in names:
                since, factor = grown.get(n, (len(kernels), 1))
                benchmarks.append(benchmark(n, int(base[n] * (factor if at >= since else 1)), dice))
            reports.append(report(kernel, user, checks, benchmarks))
    return reports


MARKUP = ("</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
          "<!-- ${window.hacked = 1} \u202e\u0000\u001b[31m\" onload=\"window.hacked = 1")


def hostile(kernel):
    """Markup in every string that may hold it, and the largest numbers that there are."""
    huge = 2**63 - 1
    wild = "__proto__"
    made = report(kernel, checks=[
        check(wild, "fail", MARKUP,
              [{"what": MARKUP, "expected": MARKUP, "observed": MARKUP, "holds": False}] * 3,
              {MARKUP: MARKUP, "__proto__": huge, "constructor": -huge}),
        check("constructor", "pass" if kernel.startswith("6") else "error", MARKUP),
        check("a.b.c", "skip", MARKUP * 100)],
        benchmarks=[benchmark("__proto__/toString:1", 10, random.Random(2)),
                    benchmark("constructor:1e308", 10, random.Random(2)),
                    benchmark("nil", 0, random.Random(2))])
    for at, number in ((1, huge), (2, 1), (3, 0)):
        made["benchmarks"].append(
            {**benchmark(f"curve/hasOwnProperty:1e{at * 90}", 1, random.Random(3)), "p50": number,
             "cold": huge, "max": huge, "spread": huge, "mean": 1.7e308, "failed_calls": huge})
    made["benchmarks"][0]["rounds"][0]["label"] = MARKUP
    made["benchmarks"].append({**benchmark("x/y", 1, random.Random(4)), "rounds": [], "samples": [],
                               "error": MARKUP})
    made["date"] = MARKUP
    made["cell"]["kernel"] = MARKUP
    for part in made["environment"].values():
        if "QEMU" not in str(part) and part != {"sha256": "0"}:
            part[MARKUP] = MARKUP
            part["__proto__"] = MARKUP
    made["environment"]["kernel"]["release"] = f"{MARKUP}{kernel}"
    made["end"] = {"state": "panic", "message": MARKUP, "running": MARKUP, "console": [MARKUP] * 50}
    made["kernel_log"] = [{"severity": MARKUP, "text": MARKUP, "running": MARKUP}]
    made["limits"] = {MARKUP: huge, "__proto__": -huge}
    made["residue"] = [MARKUP]
    return explain(made, [MARKUP, "__proto__", "constructor", "", MARKUP])
