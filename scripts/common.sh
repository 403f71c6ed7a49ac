# shellcheck shell=bash
# What the scripts share: the top folder, one-line messages, presets. Sourced, never run.

set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SCRIPT=$(basename "$0")

# ldconfig lives where an ordinary user's PATH does not look.
PATH="$PATH:/usr/sbin:/sbin"

step() { printf '%s: %s\n' "$SCRIPT" "$*"; }
warn() { printf '%s: warning: %s\n' "$SCRIPT" "$*" >&2; }

fail() {
  printf '%s: %s\n' "$SCRIPT" "$*" >&2
  exit 1
}

# usage_error MESSAGE: the call is wrong, not the machine.
usage_error() {
  printf "%s: %s; see 'scripts/%s --help'\n" "$SCRIPT" "$*" "$SCRIPT" >&2
  exit 2
}

# value OPTION [VALUE]: prints the option's value, or stops where the command line ends before it.
value() {
  [[ $# -ge 2 ]] || usage_error "$1 needs a value"
  printf '%s\n' "$2"
}

# logged LOG COMMAND...: runs the command quietly and shows the end of its output only where it fails.
logged() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  # In a subshell: a command that stops the script must not take its message with it into the log.
  if ! ("$@") >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    fail "'$*' failed; the whole output is in $log"
  fi
}

# build_folder PRESET: where CMakePresets.json puts that preset's build.
build_folder() {
  case $1 in
    release) printf '%s\n' "$TOP/build" ;;
    debug-asan) printf '%s\n' "$TOP/build-asan" ;;
    no-clang) printf '%s\n' "$TOP/build-no-clang" ;;
    *) usage_error "unknown preset '$1': expected release, debug-asan or no-clang" ;;
  esac
}

# How many files to compile at once. Those that use Clang's AST take over a gigabyte each.
default_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 2000000) }' /proc/meminfo)
  ((memory >= 1)) || memory=1
  echo $((cores < memory ? cores : memory))
}

# python_with MODULE...: prints the first Python 3 that can import the modules. The one on PATH may be a private build
# that does not see Debian's packages.
python_with() {
  local python
  for python in "${MLFFGEN_PYTHON:-python3}" python3 /usr/bin/python3; do
    if "$python" -c "import $(IFS=,; printf '%s' "$*")" >/dev/null 2>&1; then
      printf '%s\n' "$python"
      return 0
    fi
  done
  return 1
}
