"""Stands in for Nsight Compute: runs the program and reports, as `ncu --csv --page raw` does, the kernels that ran between
cuProfilerStart and cuProfilerStop on the GPU of tests/software_gpu.

FAKE_NCU chooses what goes wrong: permission, failure, kernel (one is left out).
"""

import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

NUMBERS = {"gpu__time_duration.sum": "12,000", "launch__registers_per_thread": "96", "lts__t_bytes.sum": "n/a"}
UNITS = {"gpu__time_duration.sum": "ns", "launch__registers_per_thread": "register/thread"}


def options_and_program(words: list[str]) -> tuple[dict[str, str], list[str]]:
    flags, valued = {"--csv"}, {"--page", "--print-units", "--profile-from-start", "--clock-control", "--cache-control",
                                "--metrics"}
    options: dict[str, str] = {}
    while words and words[0].startswith("--"):
        word = words.pop(0)
        if word in flags:
            options[word] = ""
        elif word in valued:
            options[word] = words.pop(0)
        else:
            sys.exit(f"==ERROR== unrecognised option '{word}'")
    return options, words


def kernels_of(program: list[str]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernels"
        path.touch()
        done = subprocess.run(program, env={**os.environ, "SOFTWARE_GPU_PROFILE": str(path)})
        if done.returncode != 0:
            sys.exit(done.returncode)
        return path.read_text().split()


def main() -> None:
    options, program = options_and_program(sys.argv[1:])
    assert options["--page"] == "raw" and options["--profile-from-start"] == "off" and "--csv" in options
    wrong = os.environ.get("FAKE_NCU", "")
    print("==PROF== Connected to process 7", flush=True)
    if wrong == "permission":
        print("==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU Performance Counters")
        sys.exit(1)
    if wrong == "failure":
        print("==ERROR== Cuda driver is not compatible with Nsight Compute")
        sys.exit(9)
    kernels = kernels_of(program)[1 if wrong == "kernel" else 0 :]
    metrics = options["--metrics"].split(",")
    rows = csv.writer(sys.stdout, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow(["ID", "Process Name", "Kernel Name", *metrics])
    rows.writerow(["", "", "", *(UNITS.get(metric, "byte") for metric in metrics)])
    for number, kernel in enumerate(kernels):
        rows.writerow([number, "mlffgen", kernel, *(NUMBERS.get(metric, f"{1000 * (number + 1):,}") for metric in metrics)])
    print("==PROF== Disconnected from process 7")


if __name__ == "__main__":
    main()
