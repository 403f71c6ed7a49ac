#include "codegen/elaborate/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>
#include <random>

#include "base/error.h"
#include "base/text.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace mlffgen::elaborate {
namespace {

std::string shape_text(const WeightRequest& request) {
  std::vector<std::string> extents;
  for (const std::int64_t extent : request.shape) {
    extents.push_back(extent >= 0 ? std::to_string(extent) : fmt::format(">={}", request.minimum_rows));
  }
  return fmt::format("[{}]", fmt::join(extents, ", "));
}

class FileWeights : public WeightSource {
 public:
  explicit FileWeights(dsl::WeightFile file) : file_(std::move(file)) {}

  ir::TensorPtr get(const WeightRequest& request) override {
    const auto found = file_.tensors().find(request.name);
    if (found == file_.tensors().end()) {
      std::vector<std::string> names;
      for (const auto& [name, info] : file_.tensors()) names.push_back(name);
      throw UserError(request.where, fmt::format("weight {} is not in {}{}", quote(request.name), file_.path(),
                                                 did_you_mean(request.name, names)));
    }
    const std::vector<std::int64_t>& shape = found->second.shape;
    bool fits = shape.size() == request.shape.size();
    for (std::size_t k = 0; fits && k < shape.size(); ++k) {
      fits = request.shape[k] >= 0 ? shape[k] == request.shape[k] : shape[k] >= request.minimum_rows;
    }
    if (!fits) {
      throw UserError(request.where,
                      fmt::format("weight {} has shape [{}] in {}, but the program needs {}", quote(request.name),
                                  fmt::join(shape, ", "), file_.path(), shape_text(request)));
    }
    ir::TensorPtr& tensor = used_[request.name];
    if (!tensor) tensor = ir::make_tensor(request.name, shape, read(request));
    return tensor;
  }

  std::vector<std::string> unused() const override {
    std::vector<std::string> names;
    for (const auto& [name, info] : file_.tensors()) {
      const bool real = info.dtype == "F64" || info.dtype == "F32" || info.dtype == "F16" || info.dtype == "BF16";
      if (real && !used_.contains(name)) names.push_back(name);
    }
    return names;
  }

 private:
  std::vector<double> read(const WeightRequest& request) const {
    try {
      return file_.read(request.name);
    } catch (const UserError& error) {
      throw UserError(request.where, error.what());
    }
  }

  dsl::WeightFile file_;
  std::map<std::string, ir::TensorPtr> used_;
};

constexpr std::int64_t kMaxUntrainedNumbers = 50000000;

// The same numbers on every machine: std::normal_distribution is not, so a sum of uniforms of mt19937_64 stands in.
class UntrainedWeights : public WeightSource {
 public:
  UntrainedWeights(std::uint64_t seed, double cutoff) : seed_(seed), cutoff_(cutoff) {}

  ir::TensorPtr get(const WeightRequest& request) override {
    std::vector<std::int64_t> shape = request.shape;
    for (std::int64_t& extent : shape) {
      if (extent < 0) extent = request.minimum_rows;
    }
    ir::TensorPtr& tensor = used_[request.name];
    if (!tensor) tensor = make(request, shape);
    if (tensor->shape != shape) {
      throw UserError(request.where,
                      fmt::format("weight {} is used with shape [{}] here, and with [{}] before", quote(request.name),
                                  fmt::join(shape, ", "), fmt::join(tensor->shape, ", ")));
    }
    return tensor;
  }

  std::vector<std::string> unused() const override { return {}; }

 private:
  ir::TensorPtr make(const WeightRequest& request, const std::vector<std::int64_t>& shape) {
    std::size_t count = 1;
    for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
    total_ += static_cast<std::int64_t>(count);
    if (total_ > kMaxUntrainedNumbers) {
      throw UserError(request.where,
                      fmt::format("weight {}: an untrained model has at most {} weights, but this makes {}",
                                  quote(request.name), kMaxUntrainedNumbers, total_));
    }
    std::vector<double> values(count, 0.0);
    const double steps = count > 1 ? static_cast<double>(count - 1) : 1;
    std::mt19937_64 generator(seed_ ^ XXH3_64bits(request.name.data(), request.name.size()));
    const double scale = 1 / std::sqrt(static_cast<double>(shape.size() == 2 ? shape[1] : shape[0]));
    for (std::size_t k = 0; k < count; ++k) {
      switch (request.initial) {
        case Initial::zero:
          break;
        case Initial::range:
          values[k] = cutoff_ * static_cast<double>(k) / steps;
          break;
        case Initial::spacing:
          values[k] = cutoff_ / steps;
          break;
        case Initial::random:
          values[k] = scale * normal(generator);
          break;
      }
    }
    return ir::make_tensor(request.name, shape, std::move(values));
  }

  static double normal(std::mt19937_64& generator) {
    double sum = -6;
    for (int k = 0; k < 12; ++k) sum += static_cast<double>(generator() >> 11) * 0x1p-53;
    return sum;
  }

  std::uint64_t seed_;
  double cutoff_;
  std::int64_t total_ = 0;
  std::map<std::string, ir::TensorPtr> used_;
};

}  // namespace

std::unique_ptr<WeightSource> weights_from(dsl::WeightFile file) {
  return std::make_unique<FileWeights>(std::move(file));
}

std::unique_ptr<WeightSource> untrained_weights(std::uint64_t seed, double cutoff) {
  return std::make_unique<UntrainedWeights>(seed, cutoff);
}

}  // namespace mlffgen::elaborate
