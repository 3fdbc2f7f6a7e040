#include "model/profile.h"

#include <mutex>
#include <string>
#include <unordered_set>

namespace nsvet::model {

std::string_view kept_name(std::string_view name) {
  static std::mutex mutex;
  static std::unordered_set<std::string> names;  // Its elements stay where they are.
  const std::scoped_lock lock(mutex);
  return *names.emplace(name).first;
}

}  // namespace nsvet::model
