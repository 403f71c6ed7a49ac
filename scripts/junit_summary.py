"""Prints 'N passed, N failed, N skipped' for a JUnit report of ctest; the status is 1 where a test failed or none ran.

usage: python3 scripts/junit_summary.py REPORT.xml
"""

import sys
import xml.etree.ElementTree as ElementTree


def outcome(case: ElementTree.Element) -> str:
    """A test that ctest could not start is a failure, though ctest reports it as skipped."""
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.get("status") == "run":
        return "passed"
    skipped = case.find("skipped")
    reason = skipped.get("message", "") if skipped is not None else ""
    if case.get("status") == "disabled" or reason.startswith(("SKIP_RETURN_CODE", "SKIP_REGULAR_EXPRESSION")):
        return "skipped"
    return "failed"


def main() -> int:
    outcomes = [outcome(case) for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase")]
    counts = [outcomes.count(kind) for kind in ("passed", "failed", "skipped")]
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 0 if outcomes and counts[1] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
