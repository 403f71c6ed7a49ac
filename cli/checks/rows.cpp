#include "cli/checks/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "cli/frames.h"
#include "runtime/extxyz.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;

const char* status_text(CheckRow::Status status) {
  switch (status) {
    case CheckRow::Status::pass:
      return "pass";
    case CheckRow::Status::fail:
      return "FAIL";
    case CheckRow::Status::skipped:
      return "skipped";
  }
  throw InternalError("a check has no status");
}

// Which checks a defect that the compiler has reported makes fail.
struct Cause {
  const char* code;
  const char* check;
};
constexpr Cause kCauses[] = {{"breaks-rotation", "rotation"},
                             {"radial-jump-at-cutoff", "across the cutoff"},
                             {"radial-kink-at-cutoff", "across the cutoff"}};

}  // namespace

std::string CheckCounts::text() const {
  return fmt::format("{} passed, {} failed, {} skipped", passed, failed, skipped);
}

CheckCounts count(std::span<const CheckRow> rows) {
  CheckCounts counts;
  for (const CheckRow& row : rows) {
    counts.passed += row.status == CheckRow::Status::pass ? 1 : 0;
    counts.failed += row.status == CheckRow::Status::fail ? 1 : 0;
    counts.skipped += row.status == CheckRow::Status::skipped ? 1 : 0;
  }
  return counts;
}

Table table_of(std::span<const CheckRow> rows) {
  Table table({"<check", "<of", "error", "bound", "<result", "<largest at"});
  for (const CheckRow& row : rows) {
    const bool exact = row.bound == 0;
    const bool ran = row.status != CheckRow::Status::skipped;
    table.add({row.name, row.quantity,
               !ran ? "-" : fmt::format(fmt::runtime(exact ? "{:.0f}" : "{:.1e}"), row.measured),
               exact ? "same bits" : fmt::format("{:.1e}", row.bound), status_text(row.status), row.worst});
  }
  return table;
}

std::vector<std::string> notes_of(std::span<const CheckRow> rows) {
  std::vector<std::string> notes;
  for (const CheckRow& row : rows) {
    if (row.note.empty()) continue;
    const std::string note = fmt::format("{}: {}", row.name, row.note);
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  }
  return notes;
}

json row_json(const CheckRow& row) {
  json out = {{"check", row.name},  {"quantity", row.quantity}, {"status", status_text(row.status)},
              {"bound", row.bound}, {"structure", row.worst},   {"note", row.note}};
  out["status"] = row.status == CheckRow::Status::fail ? "fail" : out["status"];
  out["error"] = row.status == CheckRow::Status::skipped ? json() : json(row.measured);
  return out;
}

std::string diagnostic(const runtime::Bundle& bundle, const std::string& code) {
  if (!bundle.has("report")) return "";
  const json report = json::parse(bundle.text("report"), nullptr, false);
  if (!report.is_object() || !report.contains("diagnostics")) return "";
  for (const json& entry : report.at("diagnostics")) {
    if (entry.value("code", "") == code) return entry.value("text", "");
  }
  return "";
}

void explain_failures(const runtime::Bundle& bundle, std::vector<CheckRow>& rows) {
  for (const Cause& cause : kCauses) {
    const std::string said = diagnostic(bundle, cause.code);
    if (said.empty()) continue;
    for (CheckRow& row : rows) {
      if (row.status == CheckRow::Status::fail && row.name == cause.check) {
        row.note = "by design of the model: " + said;
      }
    }
  }
}

std::vector<Sample> read_samples(const std::filesystem::path& path, const runtime::Plan& plan, std::size_t most) {
  const Units units{plan.length_unit, plan.energy_unit};
  runtime::ExtxyzReader reader(path);
  std::vector<Sample> samples;
  for (runtime::Frame frame; samples.size() < most && reader.read(frame);) {
    convert_frame(frame, frame_units(frame, units), units);
    samples.push_back({frame_label(static_cast<int>(samples.size()), frame), frame.structure});
  }
  if (samples.empty()) throw UserError(fmt::format("{}: the file holds no structure", path.string()));
  return samples;
}

}  // namespace mlffgen::cli
