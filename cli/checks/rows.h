// Rows of checks for people and programs, and what check and verify read: structures of a file, the compiler's report.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/checks/checks.h"
#include "cli/table.h"
#include "runtime/bundle.h"

namespace mlffgen::cli {

struct CheckCounts {
  int passed = 0, failed = 0, skipped = 0;
  std::string text() const;  // "27 passed, 0 failed, 0 skipped"
};
CheckCounts count(std::span<const CheckRow> rows);

Table table_of(std::span<const CheckRow> rows);
// "rotation: by design ...", each once.
std::vector<std::string> notes_of(std::span<const CheckRow> rows);
nlohmann::json row_json(const CheckRow& row);

// The compiler's diagnostic of that code, or "".
std::string diagnostic(const runtime::Bundle& bundle, const std::string& code);

// A model whose architecture breaks a rule of physics fails, and the row says what the compiler said.
void explain_failures(const runtime::Bundle& bundle, std::vector<CheckRow>& rows);

// The first structures of a file, in the model's units. UserError for a file without one.
std::vector<Sample> read_samples(const std::filesystem::path& path, const runtime::Plan& plan, std::size_t most);

}  // namespace mlffgen::cli
