#include "cli/profile_counters.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "cli/subprocess.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cli;

// As ncu writes it: lines of its own, a heading, units, and a row a launch; not all metrics on all GPUs.
const std::string kOutput =
    "==PROF== Connected to process 42\n"
    "==PROF== Profiling \"phase_0\" - 0: 0%....100% - 3 passes\n"
    "\"ID\",\"Process Name\",\"Kernel Name\",\"Grid Size\",\"dram__bytes_read.sum\",\"gpu__time_duration.sum\","
    "\"l1tex__t_sector_hit_rate.pct\",\"launch__registers_per_thread\"\n"
    "\"\",\"\",\"\",\"\",\"byte\",\"ns\",\"%\",\"register/thread\"\r\n"
    "\"0\",\"mlffgen\",\"phase_0(int, const float *)\",\"(12, 1, 1)\",\"1,234,560\",\"12,345.6\",\"47.25\",\"128\"\n"
    "\"1\",\"a \"\"quoted\"\", name\",\"phase_1\",\"(12, 1, 1)\",\"0\",\"n/a\",\"\",\"40\"\n"
    "==PROF== Disconnected from process 42\n";

std::size_t column(const std::string& key) {
  for (std::size_t k = 0; k < counter_columns().size(); ++k) {
    if (counter_columns()[k].key == key) return k;
  }
  FAIL("no column ", key);
  return 0;
}

runtime::Profile profile_of(const std::vector<std::string>& names) {
  runtime::Profile profile;
  for (const std::string& name : names) {
    runtime::Profile::Step step{"model", name, {1, 1, 1}};
    step.blocks = name.starts_with("copy") ? 0 : 12;
    profile.steps.push_back(step);
  }
  return profile;
}

TEST_CASE("the counters of every launch are read, and those that are missing are none") {
  const std::vector<KernelCounters> counters = parse_counters(kOutput);
  REQUIRE(counters.size() == 2);
  CHECK(counters[0].kernel == "phase_0");
  CHECK(counters[0].values[column("memory_read_bytes")] == 1234560);
  CHECK(counters[0].values[column("duration_ns")] == 12345.6);
  CHECK(counters[0].values[column("l1_hit_percent")] == 47.25);
  CHECK(counters[0].values[column("registers")] == 128);
  CHECK_FALSE(counters[0].values[column("l2_bytes")]);  // no such column
  CHECK(counters[1].kernel == "phase_1");
  CHECK(counters[1].values[column("memory_read_bytes")] == 0);
  CHECK_FALSE(counters[1].values[column("duration_ns")]);
  CHECK_FALSE(counters[1].values[column("l1_hit_percent")]);
}

TEST_CASE("output without a kernel is an error") {
  CHECK_THROWS_WITH_AS(parse_counters("==PROF== Connected\n"), "--ncu: ncu has reported no kernel", UserError);
  CHECK_THROWS_AS(parse_counters(""), UserError);
  CHECK_THROWS_AS(parse_counters(kOutput.substr(0, kOutput.find("\"0\","))), UserError);
}

TEST_CASE("steps that are kernels get their launch's counters, in order") {
  const std::vector<KernelCounters> counters = parse_counters(kOutput);
  const auto steps =
      counters_of_steps(profile_of({"copy to the device", "phase_0", "phase_1", "copy to the host"}), counters);
  REQUIRE(steps.size() == 4);
  CHECK_FALSE(steps[0]);
  CHECK(steps[1]->kernel == "phase_0");
  CHECK(steps[2]->kernel == "phase_1");
  CHECK_THROWS_WITH_AS(counters_of_steps(profile_of({"phase_1", "phase_0"}), counters),
                       "--ncu: where the profile has 'phase_1', ncu reports 'phase_0'", UserError);
  CHECK_THROWS_WITH_AS(counters_of_steps(profile_of({"phase_0", "phase_1", "phase_2"}), counters),
                       "--ncu: where the profile has 'phase_2', ncu reports 'no further kernel'", UserError);
  CHECK_THROWS_WITH_AS(counters_of_steps(profile_of({"phase_0"}), counters),
                       "--ncu: behind the last kernel of the profile ncu reports 'phase_1'", UserError);
}

TEST_CASE("the table and the JSON show what was read") {
  const auto steps =
      counters_of_steps(profile_of({"copy to the device", "phase_0", "phase_1"}), parse_counters(kOutput));
  const std::string table = counters_table(steps).str();
  CHECK(table.find("phase_0  12.35    1.235") != std::string::npos);
  CHECK(table.find("phase_1      -  ") != std::string::npos);
  const nlohmann::json json = counters_json(*steps[1]);
  CHECK(json["memory_read_bytes"] == 1234560);
  CHECK(json["l2_bytes"].is_null());
  CHECK(json.size() == counter_columns().size());
  CHECK(counters_table({}).empty());
}

TEST_CASE("ncu leaves the GPU as it is and looks at what the program marks") {
  const std::vector<std::string> words = ncu_words("/somewhere/ncu");
  const auto value_of = [&](const std::string& option) {
    const auto at = std::find(words.begin(), words.end(), option);
    REQUIRE(at != words.end());
    return *(at + 1);
  };
  CHECK(words[0] == "/somewhere/ncu");
  CHECK(value_of("--profile-from-start") == "off");
  CHECK(value_of("--clock-control") == "none");
  CHECK(value_of("--cache-control") == "none");
  CHECK(value_of("--print-units") == "base");
  CHECK(value_of("--metrics").find("dram__bytes_read.sum,dram__bytes_write.sum,") != std::string::npos);
}

TEST_CASE("a program's output and status come back, also when a signal ends it") {
  const Finished fine = run_program({"/bin/sh", "-c", "echo out; echo err >&2; read line || echo no input; exit 3"});
  CHECK(fine.status == 3);
  CHECK(fine.output == "out\nerr\nno input\n");
  CHECK(run_program({"/bin/sh", "-c", "kill -9 $$"}).status == 128 + 9);
  CHECK(run_program({"/bin/sh", "-c", "printf %200000d 1"}).output.size() == 200000);
  CHECK_THROWS_AS(run_program({"/absent/program"}), UserError);
}

}  // namespace
