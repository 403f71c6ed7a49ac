// Asks the journal first, and the device what the journal does not know, which is then written down. For one size.
//
// A search that is repeated with the same questions is answered as before, up to where it was interrupted.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tuning/journal.h"
#include "tuning/tuner.h"

namespace mlffgen::tuning {

class Recorder {
 public:
  Recorder(TuningDevice& device, Journal& journal, int atoms) : device_(device), journal_(journal), atoms_(atoms) {}

  // As the device's. A variant that an earlier process compiled is compiled again only when it is needed.
  std::vector<std::optional<std::string>> prepare(const std::vector<KernelVariant>& variants);

  // The next samples of a variant, of which the search has had `had`. Searches are told apart by their names: each
  // takes samples of its own.
  std::vector<double> sample(const std::string& search, const KernelVariant& variant, std::size_t had, int count);
  std::optional<std::string> check(const KernelVariant& variant);

  // The same of whole calls; form says which kernels they consist of.
  std::vector<double> sample_call(const std::string& search, const ModelConfiguration& call, const wisdom::Form& form,
                                  std::size_t had, int count);
  std::optional<std::string> check_call(const ModelConfiguration& call, const wisdom::Form& form);

 private:
  // What questions are about: a kernel or a call.
  struct Subject {
    std::string text;
    std::vector<KernelVariant> variants;  // that it runs
  };
  static Subject subject_of(const KernelVariant& variant);
  static Subject subject_of(const ModelConfiguration& call, const wisdom::Form& form);

  std::vector<double> samples_of(const Subject& subject, const std::string& search, std::size_t had, int count,
                                 const std::function<std::vector<double>(int count)>& measure);
  std::optional<std::string> check_of(const Subject& subject, const std::function<std::optional<std::string>()>& check);
  void run(const Subject& subject, const std::function<void()>& body);
  void make_ready(const std::vector<KernelVariant>& variants);

  TuningDevice& device_;
  Journal& journal_;
  int atoms_;
  std::vector<KernelVariant> pending_;  // compiled by an earlier process, perhaps needed by this search
  std::map<std::string, std::optional<std::string>> ready_;  // compiled in this process: the problem, by subject
};

}  // namespace mlffgen::tuning
