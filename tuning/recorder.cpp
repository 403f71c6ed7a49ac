#include "tuning/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace mlffgen::tuning {
namespace {

std::string text_of(const KernelVariant& variant) {
  return fmt::format("{} {} {}", variant.form, variant.kernel, wisdom::describe(variant.configuration));
}

// In the journal "" is for no problem.
std::string written(const std::optional<std::string>& problem) {
  internal_check(!problem || !problem->empty(), "a problem of the device without words");
  return problem.value_or("");
}

// What cannot do without tuning is an error of the run, which the next one may not have.
bool is_default(const KernelVariant& variant) { return variant.configuration.empty(); }

std::optional<std::string> problem_in(const std::string& answer) {
  return answer.empty() ? std::nullopt : std::optional(answer);
}

}  // namespace

Recorder::Subject Recorder::subject_of(const KernelVariant& variant) { return {text_of(variant), {variant}}; }

Recorder::Subject Recorder::subject_of(const ModelConfiguration& call, const wisdom::Form& form) {
  Subject subject{"call " + wisdom::describe(call), {}};
  for (const std::string& kernel : form.kernels) {
    const auto named = call.kernels.find(kernel);
    subject.variants.push_back({form.name, kernel, named == call.kernels.end() ? Configuration() : named->second});
  }
  return subject;
}

std::vector<std::optional<std::string>> Recorder::prepare(const std::vector<KernelVariant>& variants) {
  std::vector<KernelVariant> unknown;
  for (const KernelVariant& variant : variants) {
    const auto answer = journal_.answer("prepare " + text_of(variant));
    if (!answer) unknown.push_back(variant);
    if (answer && answer->empty()) pending_.push_back(variant);
  }
  make_ready(unknown);
  std::vector<std::optional<std::string>> problems;
  for (const KernelVariant& variant : variants) {
    const std::string question = "prepare " + text_of(variant);
    const auto known = journal_.answer(question);
    problems.push_back(known ? problem_in(*known) : ready_.at(text_of(variant)));
    const bool lasting = !problems.back() || !is_default(variant);
    if (!known && lasting) journal_.add_answer(question, written(problems.back()));
  }
  return problems;
}

void Recorder::make_ready(const std::vector<KernelVariant>& variants) {
  std::vector<KernelVariant> missing;
  std::copy_if(variants.begin(), variants.end(), std::back_inserter(missing),
               [&](const KernelVariant& variant) { return ready_.count(text_of(variant)) == 0; });
  if (missing.empty()) return;
  const auto problems = device_.prepare(missing);
  internal_check(problems.size() == missing.size(), "the device prepared other variants than it was asked to");
  for (std::size_t k = 0; k < missing.size(); ++k) ready_[text_of(missing[k])] = problems[k];
}

// A failure of the subject is the answer of the next run too, which shall not end in the same way.
void Recorder::run(const Subject& subject, const std::function<void()>& body) {
  const std::string question = "run " + subject.text;
  if (const auto failure = journal_.answer(question)) throw ArmFailed(*failure);
  const auto note = [&](const std::string& failure) {
    const bool lasting = !std::all_of(subject.variants.begin(), subject.variants.end(), is_default);
    if (lasting) journal_.add_answer(question, failure);
  };
  try {
    std::vector<KernelVariant> wanted = std::exchange(pending_, {});
    wanted.insert(wanted.end(), subject.variants.begin(), subject.variants.end());
    make_ready(wanted);
    for (const KernelVariant& variant : subject.variants) {
      const auto& problem = ready_.at(text_of(variant));
      if (problem) throw ArmFailed(*problem);
    }
    body();
  } catch (const ArmFailed& error) {
    note(error.what());
    throw;
  } catch (const DeviceError& error) {
    note(error.what());
    throw;
  }
}

std::vector<double> Recorder::samples_of(const Subject& subject, const std::string& search, std::size_t had, int count,
                                         const std::function<std::vector<double>(int count)>& measure) {
  const std::string question = fmt::format("sample {}; {}", search, subject.text);
  const std::size_t wanted = had + static_cast<std::size_t>(count);
  const std::size_t known = journal_.samples(question).size();
  internal_check(known >= had, "samples that the journal has lost");
  if (known < wanted) {
    run(subject, [&] {
      const std::vector<double> times = measure(static_cast<int>(wanted - known));
      internal_check(times.size() == wanted - known, "the device took fewer samples than it was asked to");
      for (const double time : times) internal_check(std::isfinite(time) && time > 0, "a time that is none");
      journal_.add_samples(question, times);
    });
  }
  const auto begin = journal_.samples(question).begin();
  return {begin + static_cast<std::ptrdiff_t>(had), begin + static_cast<std::ptrdiff_t>(wanted)};
}

std::optional<std::string> Recorder::check_of(const Subject& subject,
                                              const std::function<std::optional<std::string>()>& check) {
  const std::string question = "check " + subject.text;
  if (const auto known = journal_.answer(question)) return problem_in(*known);
  std::string answer;
  run(subject, [&] {
    answer = written(check());
    journal_.add_answer(question, answer);
  });
  return problem_in(answer);
}

std::vector<double> Recorder::sample(const std::string& search, const KernelVariant& variant, std::size_t had,
                                     int count) {
  return samples_of(subject_of(variant), search, had, count,
                    [&](int missing) { return device_.sample(atoms_, variant, missing); });
}

std::optional<std::string> Recorder::check(const KernelVariant& variant) {
  return check_of(subject_of(variant), [&] { return device_.check(atoms_, variant); });
}

std::vector<double> Recorder::sample_call(const std::string& search, const ModelConfiguration& call,
                                          const wisdom::Form& form, std::size_t had, int count) {
  return samples_of(subject_of(call, form), search, had, count,
                    [&](int missing) { return device_.sample_call(atoms_, call, missing); });
}

std::optional<std::string> Recorder::check_call(const ModelConfiguration& call, const wisdom::Form& form) {
  return check_of(subject_of(call, form), [&] { return device_.check_call(atoms_, call); });
}

}  // namespace mlffgen::tuning
