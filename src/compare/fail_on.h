// Which findings make `compare` fail.
#pragma once

#include <string_view>
#include <vector>

#include "compare/compare.h"

namespace nsvet::compare {

/// A choice: `regression` (unexpected and for the worse), `any` (unexpected), `all` (expected ones
/// too), `none`, or the name of a kind of finding (unexpected ones of it).
class FailOn {
 public:
  /// @return bad_input that names what may be chosen
  static model::Result<FailOn> from(const std::vector<std::string>& names);
  bool matches(const Finding& finding) const;

 private:
  std::vector<std::string> names_;
};

}  // namespace nsvet::compare
