// What a tuning run has measured so far, so that the next one does not measure it again.
//
// A journal belongs to one wisdom key. It is a file of JSON lines in the folder "progress" of the wisdom, one line for
// each question to the device and its answer. Questions are texts; the tuner makes the same ones in every run, so a run
// that reads answers instead of measuring comes to where the last one was. Several tuners of one key share the file:
// each appends whole lines under a lock, and reads what was there when it began.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/wisdom/wisdom.h"

namespace mlffgen::tuning {

class Journal {
 public:
  // Reads what there is; damaged lines are left out. "" as the folder of the wisdom: a journal in memory only.
  Journal(const std::filesystem::path& wisdom_folder, const wisdom::WisdomKey& key);

  // All times that were measured for a question, in their order.
  const std::vector<double>& samples(const std::string& question) const;
  // The problem that was the answer ("": none); nothing if the question was not answered.
  std::optional<std::string> answer(const std::string& question) const;

  // Both are in the file when they return. UserError if that cannot be written.
  void add_samples(const std::string& question, const std::vector<double>& microseconds);
  void add_answer(const std::string& question, const std::string& problem);

  // Forgets all and deletes the file, once its result is kept elsewhere.
  void remove();

  const std::filesystem::path& path() const { return path_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  void read();
  void write(const std::string& line);

  std::filesystem::path path_;
  std::map<std::string, std::vector<double>> samples_;
  std::map<std::string, std::string> answers_;
  std::vector<std::string> warnings_;
};

}  // namespace mlffgen::tuning
