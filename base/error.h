// Errors and diagnostics of every mlffgen library.
//
// A UserError is the user's to fix: its message says where, what, and what to do. An InternalError is ours.
// A DeviceError is a failure of a GPU or of its driver. Texts are lower-case and end without a full stop.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mlffgen {

// A position in a text that the user wrote. Lines and columns count from 1; 0 means unknown.
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;

  // "file:line:column", leaving out what is unknown.
  std::string str() const;
};

class UserError : public std::runtime_error {
 public:
  explicit UserError(const std::string& message) : std::runtime_error(message) {}
  // what() is "file:line:column: message".
  UserError(const SourceLocation& where, const std::string& message);
};

// A structure that cannot be evaluated, or whose result is not finite. Both numbers count from 0; -1: no single one.
class StructureError : public UserError {
 public:
  StructureError(const std::string& message, long long system, long long atom)
      : UserError(message), system_(system), atom_(atom) {}
  long long system() const { return system_; }  // of the structures of the call
  long long atom() const { return atom_; }      // of that structure

 private:
  long long system_, atom_;
};

// Too little memory, on the host or on a GPU. The message says how many bytes were wanted.
class MemoryError : public UserError {
 public:
  using UserError::UserError;
};

class InternalError : public std::logic_error {
 public:
  explicit InternalError(const std::string& message) : std::logic_error("internal error: " + message) {}
};

class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A defect of a model that compiles all the same (a warning), or a fact worth telling (a note).
struct Diagnostic {
  enum class Severity { note, warning };
  Severity severity = Severity::warning;
  std::string code;  // stable and kebab-case, such as "radial-jump-at-cutoff"
  SourceLocation where;
  std::string message;

  std::string str() const;  // "file:line:column: warning: message [code]"
};

using Diagnostics = std::vector<Diagnostic>;

// Throws InternalError unless the condition holds.
inline void internal_check(bool condition, const char* message) {
  if (!condition) throw InternalError(message);
}

}  // namespace mlffgen
