// Does a GPU do what models need of it? Not only "is it there": the parts have to work together.
#pragma once

#include <string>

namespace mlffgen::cli {

// Compiles a small kernel with NVRTC for GPU number `index`, runs it and looks at what it wrote. "" if all is well,
// else the problem in one line.
std::string try_gpu(int index);

}  // namespace mlffgen::cli
