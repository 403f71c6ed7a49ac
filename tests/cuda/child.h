// A piece of a test in a process of its own: what fails on a GPU spoils it for the rest of the process.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace mlffgen::cuda_test {

struct Child {
  int status = -1;   // of exit; -1: ended by a signal
  std::string text;  // what the function returned, or the message of what it threw
};

// `settings` are NAME=VALUE of the environment, or NAME to take it away. The child leaves by exit().
inline Child in_child(const std::vector<std::string>& settings, const std::function<std::string()>& body) {
  std::fflush(nullptr);
  int ends[2];
  Child result;
  if (pipe(ends) != 0) return result;
  const pid_t child = fork();
  if (child == 0) {
    for (const std::string& setting : settings) {
      const std::size_t equals = setting.find('=');
      if (equals == std::string::npos) {
        unsetenv(setting.c_str());
      } else {
        setenv(setting.substr(0, equals).c_str(), setting.substr(equals + 1).c_str(), 1);
      }
    }
    std::string text;
    try {
      text = body();
    } catch (const std::exception& error) {
      text = error.what();
    }
    const bool written = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    std::exit(written ? 0 : 1);
  }
  close(ends[1]);
  char piece[4096];
  for (ssize_t count = 0; (count = read(ends[0], piece, sizeof(piece))) > 0;) {
    result.text.append(piece, static_cast<std::size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)) result.status = WEXITSTATUS(status);
  return result;
}

// Whether a text holds a fragment; for messages.
inline bool holds(const std::string& text, const std::string& fragment) {
  return text.find(fragment) != std::string::npos;
}

}  // namespace mlffgen::cuda_test
