// What a report says of the machine that it was measured on.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace mlffgen::cli {

// "AMD EPYC 7R13 Processor", or "unknown".
std::string processor_name();

// "2026-11-22 10:23 UTC"
std::string time_text();

// The words that the program was called with, quoted where a shell needs it.
std::string command_text();

// `processor`, `threads`, `load_average` (of the last minute, before anything was timed). With a GPU, of its number
// also `gpu`, `gpu_arch`, `gpu_memory_bytes`, `cuda`, `driver` and `nvrtc`, as far as they are known.
nlohmann::json describe_machine(int gpu);  // -1: none

}  // namespace mlffgen::cli
