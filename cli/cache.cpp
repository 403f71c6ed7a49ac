// `mlffgen cache`: what the folder of compiled kernels holds, whether it is sound, and emptying it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/usage.h"
#include "runtime/cache/folder.h"
#include "runtime/cache/settings.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;

constexpr std::int64_t kSecond = 1'000'000'000;  // in nanoseconds
constexpr long long kMaxDays = 36500;

constexpr const char* kFooter = R"(actions:
  ls      lists the kernels with size, age, time since the last use, GPU architecture and model
  verify  checks every kernel and deletes those that are damaged; the exit status is 1 if there were any
  clear   deletes the kernels without asking, and says how many

examples:
  mlffgen cache ls
  mlffgen cache verify
  mlffgen cache clear --older-than 30

environment: MLFFGEN_CACHE_DIR, the folder; MLFFGEN_CACHE_SIZE, what it may hold, such as 512M or 2G (default 1G)
)";

struct Arguments {
  std::string action;
  int days = 0;
  bool json = false;
};

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// "5 min", "3 h", "12 days"
std::string duration_text(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 24 * kHour;
  if (seconds < kMinute) return fmt::format("{} s", std::max<std::int64_t>(seconds, 0));
  if (seconds < kHour) return fmt::format("{} min", seconds / kMinute);
  if (seconds < 2 * kDay) return fmt::format("{} h", seconds / kHour);
  return fmt::format("{} days", seconds / kDay);
}

// Paths and names of models may hold any bytes.
std::string printable(const std::string& text) {
  return is_printable_ascii(text) ? text : quote(text, 4 * text.size());
}

void print_json(const json& report) { fmt::print("{}\n", report.dump(2, ' ', false, json::error_handler_t::replace)); }

// The cache of this user, and the entries that the command is about.
struct Selection {
  cache::Settings settings;
  std::optional<cache::Folder> folder;  // nothing: it has not been made yet
  std::vector<cache::FileFacts> entries;
};

Selection select(const Arguments& arguments) {
  Selection selection{cache::environment_settings(), std::nullopt, {}};
  if (selection.settings.folder.empty()) {
    throw UserError("there is no home folder: name the folder of the cache in MLFFGEN_CACHE_DIR");
  }
  selection.folder = cache::Folder::find(selection.settings.folder);
  if (!selection.folder) return selection;
  constexpr std::int64_t kDay = 86400;
  const std::int64_t newest = (now_seconds() - arguments.days * kDay) * kSecond;
  for (const cache::FileFacts& file : selection.folder->entries()) {
    if (arguments.days == 0 || file.last_use < newest) selection.entries.push_back(file);
  }
  return selection;
}

json describe(const cache::Folder& folder, const cache::FileFacts& file) {
  json out = {{"name", file.name}, {"bytes", file.bytes}, {"last_use", file.last_use / kSecond}, {"problem", nullptr}};
  try {
    if (!cache::has_this_schema(file.name)) throw cache::DamagedEntry("is of another version of mlffgen");
    const cache::Facts facts = folder.facts(file.name);
    out.update({{"model", facts.model},
                {"arch", facts.arch},
                {"generator", facts.generator},
                {"options", facts.options},
                {"created", facts.created}});
  } catch (const cache::DamagedEntry& error) {
    out["problem"] = error.what();
  } catch (const UserError& error) {
    out["problem"] = error.what();
  }
  return out;
}

void print_list(const json& report) {
  const auto size = [&](const char* key) { return size_text(report.at(key).get<std::size_t>()); };
  fmt::print("{}: {} of {} used by {} kernel{}\n", printable(report.at("folder").get<std::string>()),
             size("total_bytes"), size("budget_bytes"), report.at("entries").size(),
             report.at("entries").size() == 1 ? "" : "s");
  Table table({"<model", "<arch", "size", "age", "last use", "<made by", "<kernel"});
  const std::int64_t now = now_seconds();
  for (const json& entry : report.at("entries")) {
    constexpr std::size_t kShortName = 12;
    const std::string name = entry.at("name").get<std::string>().substr(0, kShortName);
    const std::string bytes = size_text(entry.at("bytes").get<std::size_t>());
    const std::string last_use = duration_text(now - entry.at("last_use").get<std::int64_t>());
    if (!entry.at("problem").is_null()) {
      table.add({"?", "?", bytes, "?", last_use, "?", name + " " + entry.at("problem").get<std::string>()});
      continue;
    }
    const std::string age = duration_text(now - entry.at("created").get<std::int64_t>());
    const auto text = [&](const char* key) { return printable(entry.at(key).get<std::string>()); };
    table.add({text("model"), text("arch"), bytes, age, last_use, text("generator"), name});
  }
  print_section("kernels", table);
}

int list(const Arguments& arguments) {
  Selection selection = select(arguments);
  json report = {{"folder", selection.settings.folder},
                 {"budget_bytes", selection.settings.disk_bytes},
                 {"entries", json::array()}};
  std::uint64_t total = 0;
  std::sort(selection.entries.begin(), selection.entries.end(),
            [](const auto& a, const auto& b) { return a.last_use > b.last_use; });
  for (const cache::FileFacts& file : selection.entries) {
    total += file.bytes;
    report["entries"].push_back(describe(*selection.folder, file));
  }
  report["total_bytes"] = total;
  if (arguments.json) {
    print_json(report);
  } else {
    print_list(report);
  }
  return 0;
}

int verify(const Arguments& arguments) {
  const Selection selection = select(arguments);
  json report = {{"folder", selection.settings.folder}, {"damaged", json::array()}, {"unreadable", json::array()}};
  int sound = 0, others = 0;
  for (const cache::FileFacts& file : selection.entries) {
    if (!cache::has_this_schema(file.name)) {
      ++others;
      continue;
    }
    try {
      selection.folder->verify(file.name);
      ++sound;
    } catch (const cache::DamagedEntry& error) {
      selection.folder->remove(file.name);
      report["damaged"].push_back({{"name", file.name}, {"problem", error.what()}});
    } catch (const UserError& error) {
      report["unreadable"].push_back({{"name", file.name}, {"problem", error.what()}});
    }
  }
  report.update({{"sound", sound}, {"other_versions", others}});
  const bool fine = report.at("damaged").empty() && report.at("unreadable").empty();
  if (arguments.json) {
    print_json(report);
    return fine ? 0 : 1;
  }
  for (const json& item : report.at("damaged")) {
    fmt::print("deleted {}: it {}\n", item.at("name").get<std::string>(), item.at("problem").get<std::string>());
  }
  for (const json& item : report.at("unreadable")) fmt::print("{}\n", item.at("problem").get<std::string>());
  fmt::print("{}: {} sound, {} damaged and deleted, {} unreadable, {} of other versions not checked\n",
             printable(selection.settings.folder.string()), sound, report.at("damaged").size(),
             report.at("unreadable").size(), others);
  return fine ? 0 : 1;
}

int clear(const Arguments& arguments) {
  const Selection selection = select(arguments);
  std::size_t removed = 0, bytes = 0;
  for (const cache::FileFacts& file : selection.entries) {
    if (!selection.folder->remove(file.name)) continue;
    ++removed;
    bytes += file.bytes;
  }
  if (selection.folder) selection.folder->remove_stale_temporaries();
  if (arguments.json) {
    const json report = {{"folder", selection.settings.folder}, {"removed", removed}, {"bytes", bytes}};
    print_json(report);
  } else {
    fmt::print("{}: {} kernel{} of {} deleted\n", printable(selection.settings.folder.string()), removed,
               removed == 1 ? "" : "s", size_text(bytes));
  }
  return 0;
}

int run(const Arguments& arguments) {
  if (arguments.action == "ls") return list(arguments);
  if (arguments.action == "verify") return verify(arguments);
  if (arguments.action == "clear") return clear(arguments);
  throw UsageError(fmt::format("expected ls, verify or clear, not {}{}", quote(arguments.action),
                               did_you_mean(arguments.action, {"ls", "verify", "clear"})));
}

}  // namespace

Command add_cache(CLI::App& program) {
  CLI::App* app = program.add_subcommand("cache", "list, check or delete the compiled GPU kernels kept on the disk");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("action", arguments->action, "ls, verify or clear")->required()->type_name("ACTION");
  app->add_option("--older-than", arguments->days, "only kernels that were not used for so many days")
      ->type_name("DAYS")
      ->check(whole_number(1, kMaxDays));
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
