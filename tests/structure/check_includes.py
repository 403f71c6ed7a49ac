#!/usr/bin/env python3
"""Holds the order of the libraries: dependencies point one way (docs/architecture.md).

Exits with 1 and names each include that points the wrong way; with --self-test, shows that it would.
"""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]

# What each folder may include of ours, besides itself.
ALLOWED = {
    "base": [],
    "dsl": ["base"],
    "codegen/ir": ["base"],
    "codegen/elaborate": ["base", "dsl", "codegen/ir"],
    "codegen/passes": ["base", "codegen/ir"],
    "codegen/emit": ["base", "codegen/ir"],
    "codegen/explain": ["base", "dsl", "codegen/ir", "codegen/passes", "codegen/emit"],
    "codegen/clang": ["base"],
    "codegen/driver": ["base", "dsl", "codegen/ir", "codegen/elaborate", "codegen/passes", "codegen/emit",
                       "codegen/explain", "codegen/clang", "runtime", "runtime/jit", "runtime/wisdom"],
    "runtime": ["base", "runtime/jit", "runtime/wisdom"],
    "runtime/jit": ["base"],
    "runtime/cuda": ["base", "runtime/jit"],
    "runtime/cache": ["base", "runtime/jit", "runtime/cuda"],
    "runtime/wisdom": ["base", "runtime/jit"],
    "runtime/kernels": ["base", "runtime", "runtime/jit", "runtime/cuda", "runtime/cache", "runtime/wisdom"],
    "runtime/cuda_model": ["base", "runtime", "runtime/jit", "runtime/cuda", "runtime/cache", "runtime/kernels",
                           "runtime/wisdom"],
    "runtime/md": ["base", "runtime", "runtime/jit", "runtime/cuda", "runtime/cache", "runtime/kernels",
                   "runtime/wisdom", "runtime/cuda_model"],
    "runtime/api": ["base", "runtime", "runtime/jit", "runtime/cuda", "runtime/cache", "runtime/kernels",
                    "runtime/cuda_model", "runtime/md", "runtime/wisdom"],
    "tuning": ["base", "runtime", "runtime/jit", "runtime/cuda", "runtime/cache", "runtime/kernels",
               "runtime/cuda_model", "runtime/wisdom"],
    "cli": ["base", "dsl", "codegen/ir", "codegen/elaborate", "codegen/passes", "codegen/emit", "codegen/explain",
            "codegen/driver", "codegen/clang", "runtime", "runtime/jit", "runtime/cuda", "runtime/cache",
            "runtime/kernels", "runtime/cuda_model", "runtime/md", "runtime/api", "runtime/wisdom", "tuning"],
}

# Libraries that only some folders may see.
FOREIGN = {
    "yaml-cpp": ["dsl"],
    "llvm": ["codegen/clang"],
    "clang": ["codegen/clang"],
    "lld": ["codegen/clang"],
    "Eigen": ["codegen/passes"],
    "CLI": ["cli"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def folder_of(path: str) -> str:
    """The longest known folder that holds a path."""
    matches = [f for f in ALLOWED if path.startswith(f + "/")]
    return max(matches, key=len) if matches else ""


def faults(path: str, text: str) -> list[str]:
    """The includes of one file that point the wrong way."""
    here = folder_of(path)
    found = []
    for kind, name in INCLUDE.findall(text):
        target = folder_of(name)
        if kind == '"' and target and target != here and target not in ALLOWED[here]:
            found.append(f"{path}: {here} may not include {name}")
        first = name.split("/")[0]
        if kind == "<" and first in FOREIGN and here not in FOREIGN[first]:
            found.append(f"{path}: {here} may not include <{name}>")
    return found


def self_test() -> None:
    """Fails unless wrong includes are found and right ones are not."""
    assert faults("runtime/a.cpp", '#include "codegen/ir/graph.h"\n')
    assert faults("runtime/a.cpp", "#include <yaml-cpp/yaml.h>\n")
    assert faults("base/a.cpp", '#include "dsl/spec.h"\n')
    assert faults("codegen/emit/a.cpp", '#include "codegen/passes/passes.h"\n')
    assert faults("runtime/cuda/a.cpp", '#include "runtime/plan.h"\n')
    assert faults("runtime/kernels/a.cpp", '#include "runtime/cuda_model/cuda_model.h"\n')
    assert faults("runtime/wisdom/a.cpp", '#include "tuning/tuner.h"\n')
    assert not faults("runtime/cuda_model/a.cpp", '#include "runtime/kernels/reductions.h"\n')
    assert not faults("dsl/a.cpp", '#include <yaml-cpp/yaml.h>\n#include "base/error.h"\n')


def main() -> int:
    if "--self-test" in sys.argv:
        self_test()
        return 0
    found = []
    for folder in ("base", "dsl", "codegen", "runtime", "tuning", "cli"):
        for path in sorted((TOP / folder).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                found += faults(path.relative_to(TOP).as_posix(), path.read_text())
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
