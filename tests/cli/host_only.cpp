// host_only MODEL OUTPUT: a model as it is without launches for GPUs.
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/bundle.h"

int main(int argc, char** argv) {
  using namespace mlffgen::runtime;
  if (argc != 3) return 2;
  const Bundle bundle = Bundle::open(argv[1]);
  std::vector<BundleSection> sections;
  for (const std::string& name : bundle.names()) {
    std::string text(bundle.text(name));
    if (name == "plan") {
      nlohmann::json plan = nlohmann::json::parse(text);
      plan.erase("gpu");
      text = plan.dump();
    }
    sections.push_back({name, text});
  }
  Bundle::write(argv[2], sections);
  return 0;
}
