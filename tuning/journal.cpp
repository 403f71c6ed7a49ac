#include "tuning/journal.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "runtime/wisdom/line_file.h"
#include "runtime/wisdom/store.h"

namespace mlffgen::tuning {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int kSchema = 1;

std::string file_name(const wisdom::WisdomKey& key) {
  const Json all = {key.gpu,          key.compute_capability, key.multiprocessors, key.driver,
                    key.nvrtc,        key.generator,          key.model,           key.atoms,
                    key.small_systems};
  return fmt::format("{}-{}-atoms-{}.jsonl", wisdom::slug(key.gpu), key.atoms, hash64_hex(all.dump()));
}

struct Record {
  std::string question;
  std::vector<double> microseconds;
  std::optional<std::string> problem;
};

// Nothing if the line is damaged, or another version's.
std::optional<Record> read_record(const std::string& line) {
  try {
    const Json json = Json::parse(line);
    if (json.at("schema") != kSchema) return std::nullopt;
    Record record{json.at("question").get<std::string>(), {}, std::nullopt};
    if (json.contains("problem")) record.problem = json["problem"].get<std::string>();
    if (!record.problem) record.microseconds = json.at("us").get<std::vector<double>>();
    return record;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

// Messages of compilers and drivers may hold any bytes.
std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

Journal::Journal(const fs::path& wisdom_folder, const wisdom::WisdomKey& key) {
  if (wisdom_folder.empty()) return;
  path_ = wisdom_folder / "progress" / file_name(key);
  read();
}

void Journal::read() {
  int damaged = 0, first = 0;
  for (const wisdom::Line& line : wisdom::read_lines(path_)) {
    auto record = read_record(line.text);
    if (!record) {
      if (damaged++ == 0) first = line.number;
    } else if (record->problem) {
      answers_.try_emplace(record->question, *record->problem);
    } else {
      auto& all = samples_[record->question];
      all.insert(all.end(), record->microseconds.begin(), record->microseconds.end());
    }
  }
  if (damaged > 0) {
    warnings_.push_back(fmt::format("{}:{}: the line cannot be read; {} measured again",
                                    quote(path_.string(), path_.string().size() * 4), first,
                                    damaged == 1 ? "it is" : fmt::format("{} such lines are", damaged)));
  }
}

void Journal::write(const std::string& line) {
  if (path_.empty()) return;
  wisdom::make_folder(path_.parent_path());
  wisdom::append_line(path_, line, wisdom::Durability::process);
}

const std::vector<double>& Journal::samples(const std::string& question) const {
  static const std::vector<double> none;
  const auto found = samples_.find(question);
  return found == samples_.end() ? none : found->second;
}

std::optional<std::string> Journal::answer(const std::string& question) const {
  const auto found = answers_.find(question);
  return found == answers_.end() ? std::nullopt : std::optional(found->second);
}

void Journal::add_samples(const std::string& question, const std::vector<double>& microseconds) {
  write(line_of({{"schema", kSchema}, {"question", question}, {"us", microseconds}}));
  auto& all = samples_[question];
  all.insert(all.end(), microseconds.begin(), microseconds.end());
}

void Journal::add_answer(const std::string& question, const std::string& problem) {
  write(line_of({{"schema", kSchema}, {"question", question}, {"problem", problem}}));
  answers_[question] = problem;
}

void Journal::remove() {
  samples_.clear();
  answers_.clear();
  if (path_.empty()) return;
  std::error_code error;
  fs::remove(path_, error);
  if (error) throw UserError(fmt::format("cannot remove {}: {}", quote(path_.string(), 4096), error.message()));
}

}  // namespace mlffgen::tuning
