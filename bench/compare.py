#!/usr/bin/env python3
"""Runs one bench scenario against two brokers in turn, A B A B ..., and prints the ratios.

    bench/compare.py bench/scenarios/produce-256k-1p.conf --a 127.0.0.1:9092 --b 127.0.0.1:9192
    bench/compare.py SCENARIO --a HOST:PORT --a-pid 4711 --b HOST:PORT --b-pid 4712 --rounds 5
    bench/compare.py SCENARIO --a HOST:PORT -- --duration 30s     (more bench options, which win over the scenario's)

Runs alternate because machines drift: what is compared was measured minutes apart, not hours. Ratios are of
medians; the spread beside them says how much to believe. With one address only (--a) it just runs the scenario.
Needs nothing but Python 3 and the needletail program.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
METRICS = [
    # name, unit, path in the JSON, whether more is better
    ("throughput", "MB/s", ("mbPerSecond",), True),
    ("throughput", "records/s", ("recordsPerSecond",), True),
    ("broker CPU", "s/GB", ("broker", "cpuSecondsPerGB"), False),
    ("broker CPU", "s/million", ("broker", "cpuSecondsPerMillionRecords"), False),
    ("broker memory", "MB", ("broker", "residentMB"), False),
    ("latency p50", "ms", ("latencyMs", "p50"), False),
    ("latency p99", "ms", ("latencyMs", "p99"), False),
    ("latency p99.9", "ms", ("latencyMs", "p99.9"), False),
    ("latency max", "ms", ("latencyMs", "max"), False),
    ("failed records", "", ("failedRecords",), False),
]


def default_program():
    for build in (".build-release/release", ".build/release", ".build/debug"):
        path = os.path.join(HERE, "..", build, "needletail")
        if os.path.exists(path):
            return path
    return "needletail"


def read_scenario(path):
    """A scenario is lines of `option=value` or `flag`, as on the command line without the dashes."""
    command, options = "produce", []
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            name, equals, value = (part.strip() for part in line.partition("="))
            if name == "command":
                command = value
            elif equals and not value:
                sys.exit(f"{path}:{number}: no value for '{name}'")
            else:
                options += ["--" + name] + ([value] if equals else [])
    return command, options


def run_once(program, command, options, extra, bootstrap, pid):
    arguments = [program, "bench", command, *options, *extra, "--bootstrap", bootstrap, "--json", "-", "--no-progress"]
    if pid:
        arguments += ["--broker-pid", str(pid)]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, text=True)
    if not done.stdout.strip():
        sys.exit(f"{' '.join(arguments)}\nended with {done.returncode} and without a result")
    return json.loads(done.stdout.strip().splitlines()[-1])


def value_at(result, path):
    for name in path:
        result = result.get(name) if isinstance(result, dict) else None
    return result


def numbers(results, path):
    return [value for value in (value_at(result, path) for result in results) if value is not None]


def text(value):
    return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"


def spread(values):
    middle = statistics.median(values)
    return f"±{100 * (max(values) - min(values)) / 2 / middle:.0f}%" if middle else ""


def verdict(a, b, more_is_better):
    """Runs whose ranges overlap show no difference."""
    if max(a) < min(b):
        return "B better" if more_is_better else "A better"
    if max(b) < min(a):
        return "A better" if more_is_better else "B better"
    return "same"


def print_table(names, results):
    rows = [["", *[head for name in names for head in (name, "")], "B/A", ""] if len(names) == 2 else ["", names[0], ""]]
    for name, unit, path, more_is_better in METRICS:
        columns = [numbers(one, path) for one in results]
        if not all(columns):
            continue
        row = [f"{name} {unit}".strip()]
        for values in columns:
            row += [text(statistics.median(values)), spread(values)]
        if len(names) == 2:
            a, b = (statistics.median(values) for values in columns)
            row += [f"{b / a:.2f}" if a else "-", verdict(columns[0], columns[1], more_is_better)]
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if at == 0 else cell.rjust(width)
                        for at, (cell, width) in enumerate(zip(row, widths))).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("--a", required=True, metavar="HOST:PORT")
    parser.add_argument("--b", metavar="HOST:PORT")
    parser.add_argument("--a-pid", type=int, help="process id of broker A, for its CPU time and memory")
    parser.add_argument("--b-pid", type=int)
    parser.add_argument("--names", default="A,B", help="what the table calls the two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", default=default_program())
    parser.add_argument("--json", metavar="FILE", help="all results, one JSON object a line")
    # What follows -- is for the bench.
    arguments = sys.argv[1:]
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    extra = arguments[cut + 1:]
    options = parser.parse_args(arguments[:cut])
    command, scenario = read_scenario(options.scenario)
    sides = [(options.a, options.a_pid)] + ([(options.b, options.b_pid)] if options.b else [])
    names = options.names.split(",")[:len(sides)]
    results = [[] for _ in sides]
    for number in range(1, options.rounds + 1):
        for side, (bootstrap, pid) in enumerate(sides):
            print(f"round {number} of {options.rounds}: {names[side]} ({bootstrap})", file=sys.stderr)
            result = run_once(options.program, command, scenario, extra, bootstrap, pid)
            results[side].append(result)
            if options.json:
                with open(options.json, "a") as out:
                    out.write(json.dumps({"side": names[side], "round": number, "scenario": options.scenario, **result}) + "\n")
    print_table(names, results)


if __name__ == "__main__":
    main()
