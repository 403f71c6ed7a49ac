// A part of a test in a process of its own: with other rights, with limits, or to be killed.
#pragma once

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>

namespace cache_test {

constexpr uid_t kNobody = 65534;

// Starts the body; it passes unless it throws.
inline pid_t start_child(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child > 0) return child;
  int status = 0;
  try {
    body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "in a child: %s\n", error.what());
    status = 1;
  }
  ::_exit(status);
}

// True if it passed.
inline bool finish_child(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

inline bool in_child(const std::function<void()>& body) { return finish_child(start_child(body)); }

// Root passes every check of rights: such a process becomes an ordinary user.
inline void become_ordinary() {
  if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) {
    throw std::runtime_error("cannot become an ordinary user");
  }
}

inline void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

}  // namespace cache_test
