#include "runtime/cuda_model/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "runtime/cuda_model/fragments.h"
#include "runtime/jit/split_kernels.h"

namespace mlffgen::cuda_model {
namespace {

std::size_t most_shared_bytes(const runtime::Plan::GpuTile& tile) {
  std::size_t most = 0;
  for (const auto& launch : tile.launches) most = std::max(most, launch.shared_bytes);
  return most;
}

// "sm_90" is 90. Code for one architecture runs on later ones of the same generation, so 86 runs 80; names with a
// letter ("sm_90a") stand for exactly one.
bool runs_on(const std::string& arch, const cuda::DeviceInfo& device) {
  constexpr std::string_view kPrefix = "sm_";
  if (!arch.starts_with(kPrefix)) return false;
  int number = 0;
  const char* const end = arch.data() + arch.size();
  const auto [rest, error] = std::from_chars(arch.data() + kPrefix.size(), end, number);
  if (error != std::errc() || number / 10 != device.major) return false;
  return rest == end ? number % 10 <= device.minor : number % 10 == device.minor;
}

// The section "constants" as the GPU's kernels read it.
std::vector<std::byte> constants_of(const runtime::Bundle& bundle, const runtime::Plan& plan) {
  const auto section = bundle.bytes("constants");
  std::vector<std::byte> bytes(section.begin(), section.end());
  std::vector<float> matrices;
  for (const auto& constant : plan.constants) {
    if (constant.inputs == 0) continue;
    std::byte* const at = bytes.data() + constant.offset;
    matrices.resize(constant.bytes / sizeof(float));
    std::memcpy(matrices.data(), at, constant.bytes);
    const auto fragments = split_fragments(matrices, constant.inputs, constant.outputs, constant.exponent);
    std::memcpy(at, fragments.data(), constant.bytes);
  }
  return bytes;
}

}  // namespace

Program::Program(const runtime::Bundle& bundle, const runtime::Plan& plan, const kernels::KernelLibrary& library)
    : plan_(plan), library_(library), constants_(library.context()) {
  choose_tile(bundle, library.context().device());
  if (code_ != nullptr) {
    origin_ = fmt::format("section {} of {}", code_->section, bundle.path());
  } else {
    origin_ = fmt::format("source.cu of {}", bundle.path());
    start_compiling(bundle);
  }
}

void Program::start_compiling(const runtime::Bundle& bundle) {
  const auto texts = jit::split_kernels(bundle.text("source.cu"));
  for (const auto& kernel : plan_.kernels) {
    const auto text = std::find_if(texts.begin(), texts.end(), [&](const auto& t) { return t.name == kernel.name; });
    if (text == texts.end()) {
      throw UserError(
          fmt::format("{}: the section source.cu has no kernel {}; compile the model again with 'mlffgen "
                      "compile'",
                      bundle.path(), quote(kernel.name)));
    }
    kernels::CompileRequest request{fmt::format("{} {}", plan_.name, kernel.name), text->text, {}};
    request.options.defines = {fmt::format("{}={}", plan_.gpu_tile_define, tile_->atoms)};
    requests_.push_back(std::move(request));
  }
  library_.start(requests_);
}

void Program::load(const runtime::Bundle& bundle) {
  const cuda::Context& context = library_.context();
  std::optional<cuda::Module> module;
  if (code_ != nullptr) module.emplace(context, bundle.bytes(code_->section), origin_);
  blocks_at_once_ = 0;
  for (std::size_t k = 0; k < plan_.kernels.size(); ++k) {
    const auto& launch = tile_->launches[k];
    const std::string& name = plan_.kernels[k].name;
    auto& kernel = kernels_.emplace_back(module ? module->kernel(name) : library_.kernel_of(requests_[k], name));
    const auto shared = static_cast<unsigned>(launch.shared_bytes);
    kernel.allow_shared(shared);
    const int blocks = std::max(1, kernel.blocks_per_multiprocessor(static_cast<unsigned>(launch.threads), shared)) *
                       context.device().multiprocessors;
    blocks_at_once_ = blocks_at_once_ == 0 ? blocks : std::min(blocks_at_once_, blocks);
  }
  requests_.clear();
}

void Program::upload_constants(const runtime::Bundle& bundle) {
  if (!bundle.has("constants") || bundle.bytes("constants").empty()) return;
  const std::vector<std::byte> bytes = constants_of(bundle, plan_);
  const cuda::DevicePointer address = constants_.at_least(bytes.size());
  const cuda::Stream stream(library_.context());
  cuda::copy_to_device(stream, address, bytes.data(), bytes.size());
  stream.synchronise();
  for (const auto& constant : plan_.constants) constant_addresses_.push_back(address + constant.offset);
}

void Program::choose_tile(const runtime::Bundle& bundle, const cuda::DeviceInfo& device) {
  if (plan_.gpu_tiles.empty()) {
    throw UserError(
        fmt::format("{}: the model has no code for GPUs; compile it again with 'mlffgen compile'", bundle.path()));
  }
  const auto limit = static_cast<std::size_t>(std::max(device.shared_bytes_per_block, 0));
  for (const auto& tile : plan_.gpu_tiles) {
    if (most_shared_bytes(tile) > limit) continue;
    tile_ = &tile;
    break;
  }
  if (tile_ == nullptr) {
    const auto& smallest = plan_.gpu_tiles.back();
    throw UserError(
        fmt::format("{}: the model {} needs {} bytes of shared memory for a block of {}, but {} has {}; use fewer "
                    "features, a float "
                    "build, or --device host",
                    bundle.path(), quote(plan_.name), most_shared_bytes(smallest),
                    smallest.atoms == 1 ? "1 atom" : fmt::format("{} atoms", smallest.atoms), device.name, limit));
  }
  for (const auto& code : plan_.gpu_code) {
    const bool better = code_ == nullptr || code.arch > code_->arch;
    if (code.tile == tile_->atoms && runs_on(code.arch, device) && better) code_ = &code;
  }
}

const void* Program::value_of(const runtime::Argument& argument, KernelArguments& arguments) const {
  switch (argument.kind) {
    case runtime::ArgumentKind::n_atoms:
      return &arguments.n_atoms;
    case runtime::ArgumentKind::tile_atoms:
      return &arguments.tile_atoms;
    case runtime::ArgumentKind::element:
      return &arguments.element;
    case runtime::ArgumentKind::pair_begin:
      return &arguments.pair_begin;
    case runtime::ArgumentKind::pair_neighbour:
      return &arguments.pair_neighbour;
    case runtime::ArgumentKind::pair_geometry:
      return &arguments.pair_geometry;
    case runtime::ArgumentKind::pair_gradient:
      return &arguments.pair_gradient;
    case runtime::ArgumentKind::atom_energy:
      return &arguments.atom_energy;
    case runtime::ArgumentKind::constant:
      return &constant_addresses_[argument.index];
    case runtime::ArgumentKind::buffer:
      return &arguments.buffers[argument.index];
  }
  throw InternalError("a kernel's argument has no kind");
}

void Program::launch(std::size_t k, KernelArguments& arguments, const cuda::Stream& stream) const {
  constexpr std::size_t kUsual = 64;  // arguments without an allocation
  std::array<void*, kUsual> usual;
  std::vector<void*> many;
  const auto& kernel = plan_.kernels[k];
  void** values = usual.data();
  if (kernel.arguments.size() > kUsual) {
    many.resize(kernel.arguments.size());
    values = many.data();
  }
  for (std::size_t a = 0; a < kernel.arguments.size(); ++a) {
    values[a] = const_cast<void*>(value_of(kernel.arguments[a], arguments));
  }
  const auto& launch = tile_->launches[k];
  const int blocks = (arguments.n_atoms - 1) / arguments.tile_atoms + 1;
  kernels_[k].launch_raw(stream,
                         {static_cast<unsigned>(blocks), static_cast<unsigned>(launch.threads),
                          static_cast<unsigned>(launch.shared_bytes)},
                         values);
}

}  // namespace mlffgen::cuda_model
