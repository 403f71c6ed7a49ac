// Rules that every emitted kernel must keep, checked on its AST together with all functions that it calls. A finding is
// a defect of a template or of the emitter, not of the user's model.
//
// | rule                   | what it asks of a kernel                                                                |
// |------------------------|-----------------------------------------------------------------------------------------|
// | no-double              | no double literal, arithmetic or conversion; functions annotated `mlffgen.double_ok` may |
// | launch-bounds          | __launch_bounds__ on the kernel                                                         |
// | divergent-barrier      | no barrier where only some of its threads may arrive (see lint_divergence.h)            |
// | no-atomics             | no atomic operation; functions annotated `mlffgen.atomics_ok` may                       |
// | restrict-pointers      | restrict on every pointer parameter of the kernel                                       |
// | no-dynamic-local-array | local arrays are subscripted by compile-time constants once marked loops are unrolled,  |
// |                        | so that they stay in registers                                                          |
#pragma once

#include <string>
#include <vector>

namespace mlffgen::clang {

struct LintOptions {
  bool allow_double = false;   // a double build of the model: no-double does not apply
  bool deterministic = false;  // the same input must give the same bits: no-atomics applies
};

struct LintFinding {
  std::string rule;      // one of the table above
  std::string function;  // the kernel, or the function called by it, that holds the defect
  int line = 0;          // of the source, from 1
  std::string message;

  bool operator==(const LintFinding&) const = default;
};

// Findings ordered by line; one per rule, function and line. Throws InternalError when the source does not parse.
std::vector<LintFinding> lint(const std::string& source, const std::vector<std::string>& defines,
                              const LintOptions& options);

}  // namespace mlffgen::clang
