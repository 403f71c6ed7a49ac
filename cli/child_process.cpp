#include "cli/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace mlffgen::cli {
namespace {

constexpr int kPollMilliseconds = 100;  // how late stop() is noticed at most

// What posix_spawn wants to be told, freed with it.
struct SpawnSettings {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  SpawnSettings(int socket, const std::filesystem::path& errors) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, socket, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // a group of its own
    posix_spawnattr_setpgroup(&attributes, 0);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

[[noreturn]] void refuse(const std::string& program, int error) {
  throw UserError(fmt::format("cannot run {}: {}", quote(program), std::strerror(error)));
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& words, const std::filesystem::path& errors) {
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) refuse(words.front(), errno);
  const SpawnSettings settings(sockets[1], errors);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int error = posix_spawnp(&id_, arguments[0], &settings.files, &settings.attributes, arguments.data(), environ);
  ::close(sockets[1]);
  socket_ = sockets[0];
  if (error == 0) return;
  id_ = -1;
  ::close(socket_);
  refuse(words.front(), error);
}

ChildProcess::~ChildProcess() {
  if (id_ > 0) ::kill(-id_, SIGKILL);
  end();
  ::close(socket_);
}

void ChildProcess::end() noexcept {
  while (id_ > 0 && ::waitpid(id_, &status_, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
}

void ChildProcess::write_line(const std::string& line) {
  const std::string text = line + '\n';
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t sent = ::send(socket_, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;
    at += static_cast<std::size_t>(sent);
  }
}

std::optional<std::string> ChildProcess::read_line(double seconds, const std::function<bool()>& stop) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    if (stop()) return std::nullopt;
    if (std::chrono::steady_clock::now() > deadline) {
      throw UserError(fmt::format("no answer within {:.0f} seconds", seconds));
    }
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, kPollMilliseconds) <= 0) continue;
    std::array<char, 65536> piece{};
    const ssize_t received = ::recv(socket_, piece.data(), piece.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return std::nullopt;
    unread_.append(piece.data(), static_cast<std::size_t>(received));
  }
}

std::string ChildProcess::outcome() {
  end();
  if (WIFSIGNALED(status_)) return fmt::format("signal {}", WTERMSIG(status_));
  return fmt::format("exit status {}", WEXITSTATUS(status_));
}

}  // namespace mlffgen::cli
