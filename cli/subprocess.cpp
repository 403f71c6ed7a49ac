#include "cli/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

extern char** environ;

namespace mlffgen::cli {
namespace {

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) throw UserError(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int write_end() const { return ends_[1]; }
  void close_write_end() { close_end(1); }

  // Until every write end is closed.
  std::string read_all() const {
    std::string all;
    char part[4096];
    for (ssize_t count = 0; (count = ::read(ends_[0], part, sizeof(part))) != 0;) {
      if (count > 0) all.append(part, static_cast<std::size_t>(count));
      if (count < 0 && errno != EINTR) break;
    }
    return all;
  }

 private:
  void close_end(int end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  int ends_[2] = {-1, -1};
};

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  // No input, and all output into the pipe.
  void redirect(const Pipe& pipe) {
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, pipe.write_end(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, pipe.write_end(), STDERR_FILENO);
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

Finished run_program(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Pipe pipe;
  SpawnActions actions;
  actions.redirect(pipe);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, arguments[0], actions.get(), nullptr, arguments.data(), environ);
  if (error != 0) throw UserError(fmt::format("cannot start {}: {}", quote(words[0]), std::strerror(error)));
  pipe.close_write_end();
  Finished finished{0, pipe.read_all()};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  finished.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return finished;
}

}  // namespace mlffgen::cli
