"""Prints what benches/compare.sh measured: time per step of every program, and the ratios of ours to theirs, round by round.

DIR holds round-1, round-2, …; in each, ours-*.json are reports of `wgvae bench --json`, the others lines of JSON of the peers.
"""

import argparse
import json
import statistics
from pathlib import Path


def read(folder):
    """Microseconds per step of one round: ours and theirs, each by (program, batch)."""
    ours, theirs = {}, {}
    for file in sorted(folder.glob("*.json")):
        text = file.read_text()
        if file.name.startswith("ours-"):
            report = json.loads(text) if text else {"steps": []}
            ours |= {(f"wgvae, {report['device']}", line["batch"]): line["us_per_step"] for line in report["steps"]}
        else:
            lines = [json.loads(line) for line in text.splitlines()]
            theirs |= {(f"{line['peer']}, {line['device']}", line["batch"]): line["us_per_step"] for line in lines}
    return ours, theirs


def spread(values, digits):
    """Median, and where there are several values the least and the greatest."""
    median = f"{statistics.median(values):,.{digits}f}"
    return median if len(values) == 1 else f"{median} ({min(values):,.{digits}f} – {max(values):,.{digits}f})"


def show(head, rows):
    """Prints a table: the first two columns to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        cells = [cell.ljust(width) if at < 2 else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="DIR", type=Path)
    folders = sorted(parser.parse_args().folder.glob("round-*"), key=lambda folder: int(folder.name.split("-")[1]))
    rounds = [read(folder) for folder in folders]

    times, ratios = {}, {}
    for ours, theirs in rounds:
        for (program, batch), us in (ours | theirs).items():
            times.setdefault((batch, program), []).append(us)
        for (our, batch), us in ours.items():
            for (their, other), theirs_us in theirs.items():
                if other == batch:
                    ratios.setdefault((batch, our, their), []).append(us / theirs_us)

    print(f"µs per training step: median (least – greatest) of {len(rounds)} rounds\n")
    by_batch = sorted(times, key=lambda key: key[0])
    show(["batch", "program", "µs per step"], [[str(key[0]), key[1], spread(times[key], 1)] for key in by_batch])
    print("\nours / theirs, of the same round: below 1, ours is faster\n")
    by_batch = sorted(ratios, key=lambda key: key[0])
    rows = [[str(batch), f"{our} / {their}", spread(ratios[batch, our, their], 2)] for batch, our, their in by_batch]
    show(["batch", "programs", "ratio"], rows)


if __name__ == "__main__":
    main()
