#!/usr/bin/env python3
"""Stands in for the interpreter that mlffgen bench runs peer.py with; FAKE_PEER says how it behaves."""

import json
import os
import sys
import time

BEHAVIOUR = os.environ["FAKE_PEER"]


def say(words: object) -> None:
    print(json.dumps(words), flush=True)


def main() -> int:
    if BEHAVIOUR == "crash":
        print("Segmentation fault, nearly", file=sys.stderr)
        return 7
    if BEHAVIOUR == "garbage":
        print("Welcome to PyTorch!", flush=True)
    say({"pytorch": "9.9", "device": "cpu"})
    n_atoms = 0
    for line in sys.stdin:
        request = json.loads(line)
        if BEHAVIOUR == "hang":
            time.sleep(600)
        if "structures" in request:
            with open(request["structures"]) as file:
                n_atoms = int(file.readline())
            say({})
        elif "time" in request:
            if BEHAVIOUR == "wrong":
                say({"milliseconds": "fast"})
            elif BEHAVIOUR == "late crash":
                return 9
            else:
                say({"milliseconds": [2.0, 4.0, 3.0]})
        else:
            say({"forces": [[1.0, 2.0, 3.0]] * n_atoms})
    return 0


if __name__ == "__main__":
    sys.exit(main())
