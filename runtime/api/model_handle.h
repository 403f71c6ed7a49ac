// What an mlffgen_model is: a model on a device, and the arrays between the caller's and its own.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mlffgen.h"
#include "runtime/api/open_evaluator.h"
#include "runtime/cuda/stream.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/host_model.h"

namespace mlffgen::api {

// Functions of a batch throw StatusError for what is wrong with the batch as such, and what the evaluator throws.
class ModelHandle {
 public:
  ModelHandle(const runtime::Bundle& bundle, const OpenOptions& options, int threads);

  mlffgen_info info() const;
  mlffgen_memory memory() const;
  mlffgen_statistics statistics() const;

  void evaluate(const mlffgen_systems& systems, const mlffgen_results& results);
  enum class Wait { no, yes };
  void evaluate_on_device(const mlffgen_systems& systems, const mlffgen_results& results, void* stream, Wait wait);
  void check();

  mlffgen_profile_report profile(const mlffgen_systems& systems, const mlffgen_results& results,
                                 const runtime::ProfileOptions& options);
  mlffgen_profile_report profile_on_device(const mlffgen_systems& systems, const mlffgen_results& results, void* stream,
                                           const runtime::ProfileOptions& options);
  mlffgen_step step(std::int32_t index) const;  // of the last profile
  void reserve(int n_atoms, int n_systems, std::int64_t n_pairs);

  std::mutex& mutex() { return mutex_; }

 private:
  cuda_model::CudaModel& cuda_or_refuse() const;
  void read_systems(const mlffgen_systems& systems);

  std::mutex mutex_;  // held by whoever calls, but for info()
  std::unique_ptr<runtime::Evaluator> evaluator_;
  runtime::HostModel* host_ = nullptr;  // one of the two is the evaluator
  cuda_model::CudaModel* cuda_ = nullptr;
  int threads_ = 0, cuda_device_ = -1;
  std::string device_;
  std::uint64_t calls_ = 0;
  std::optional<cuda::Stream> stream_;          // the caller's, of the last call
  std::vector<runtime::Structure> structures_;  // as many as the largest batch had, so that their memory stays
  std::vector<runtime::Result> results_;
  runtime::Profile profile_;  // the last
};

}  // namespace mlffgen::api
