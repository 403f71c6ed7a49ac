#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "base/error.h"
#include "base/text.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
constexpr std::size_t kMaxPath = 4096;

// What the handler may touch: it runs at any moment, in any thread.
std::atomic<bool> postponed{false};
std::atomic<int> pending{0};
std::atomic<bool> has_unfinished{false};
std::array<char, kMaxPath> unfinished{};

extern "C" void on_signal(int number) {
  if (postponed) {
    pending = number;
    return;
  }
  if (has_unfinished) ::unlink(unfinished.data());
  ::signal(number, SIG_DFL);
  ::raise(number);
}

[[noreturn]] void fail(const fs::path& path, int error) {
  const std::string text = path.string();
  throw UserError(fmt::format("cannot write {}: {}", quote(text, 4 * text.size()), std::strerror(error)));
}

void set_unfinished(const fs::path& path) {
  const std::string text = path.string();
  if (text.size() >= kMaxPath) fail(path, ENAMETOOLONG);
  std::copy(text.begin(), text.end(), unfinished.begin());
  unfinished[text.size()] = '\0';
  has_unfinished = true;
}

}  // namespace

void install_interrupt_handler() {
  for (const int number : kSignals) {
    struct sigaction now = {};
    // A program started with a signal ignored (nohup) keeps it so.
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, nullptr);
  }
}

void without_interrupts(const std::function<void()>& f) {
  struct Guard {
    Guard() { postponed = true; }
    ~Guard() {
      postponed = false;
      if (const int number = pending.exchange(0)) ::raise(number);
    }
  } guard;
  f();
}

void check_replaceable(const fs::path& path) {
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::exists(folder, error)) fail(path, ENOENT);
  if (!fs::is_directory(folder, error)) fail(path, ENOTDIR);
  if (::access(folder.c_str(), W_OK) != 0) fail(path, errno);
  if (fs::is_directory(path, error) || path.filename().empty()) fail(path, EISDIR);
  if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {
    throw UserError(fmt::format("cannot write {}: it is not a regular file", quote(path.string())));
  }
}

struct OutputFile::State {
  fs::path path, temporary;
  std::ofstream file;
  std::ostream* stream = nullptr;
};

OutputFile::OutputFile(const fs::path& path) : state_(std::make_unique<State>()) {
  state_->path = path;
  if (path == "-") {
    state_->stream = &std::cout;
    return;
  }
  state_->stream = &state_->file;
  std::error_code error;
  const bool in_place = fs::exists(path, error) && !fs::is_regular_file(path, error) && !fs::is_directory(path, error);
  if (in_place) {
    state_->file.open(path);
    if (!state_->file) fail(path, errno);
    return;
  }
  check_replaceable(path);
  // A link stays, and what it points to is replaced.
  if (fs::is_symlink(path, error)) state_->path = fs::canonical(path);
  state_->temporary =
      state_->path.parent_path() / fmt::format(".{}.{}.tmp", state_->path.filename().string(), ::getpid());
  set_unfinished(state_->temporary);
  state_->file.open(state_->temporary, std::ios::trunc);
  if (!state_->file) {
    const int reason = errno;
    has_unfinished = false;
    state_->temporary.clear();
    fail(path, reason);
  }
}

OutputFile::~OutputFile() {
  if (state_->temporary.empty()) return;
  ::unlink(state_->temporary.c_str());
  has_unfinished = false;
}

std::ostream& OutputFile::stream() { return *state_->stream; }

void OutputFile::check() {
  if (!*state_->stream) fail(state_->path, errno != 0 ? errno : EIO);
}

void OutputFile::finish() {
  state_->stream->flush();
  check();
  if (state_->stream != &state_->file) return;
  state_->file.close();
  check();
  if (state_->temporary.empty()) return;
  if (::rename(state_->temporary.c_str(), state_->path.c_str()) != 0) fail(state_->path, errno);
  state_->temporary.clear();
  has_unfinished = false;
}

ReportFolder::ReportFolder(fs::path path, const std::vector<std::string>& files) : path_(std::move(path)) {
  std::error_code error;
  if (!fs::exists(path_, error) && !fs::create_directory(path_, error)) {
    throw UserError(fmt::format("cannot make the folder {}: {}", path_.string(), error.message()));
  }
  for (const std::string& file : files) check_replaceable(path_ / file);
}

void ReportFolder::write(const std::string& file, const std::string& text) const {
  OutputFile output(path_ / file);
  output.stream() << text;
  output.finish();
}

}  // namespace mlffgen::cli
