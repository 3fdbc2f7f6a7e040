#include "probe/check.h"

#include <algorithm>

namespace nsvet::probe {

bool Check::record(std::string_view what, std::string observed, std::string expected) {
  const bool holds = observed == expected;
  result_.evidence.push_back({std::string(what), std::move(expected), std::move(observed), holds});
  return holds;
}

model::CheckResult Check::finish(const Abort* abort) && {
  using model::Outcome;
  const auto broken = std::ranges::find(result_.evidence, false, &model::Evidence::holds);
  if (broken != result_.evidence.end()) {
    // A rule seen broken stays broken, whatever came after it.
    result_.outcome = Outcome::fail;
    result_.reason = fmt::format("{}: expected {}, observed {}", broken->what, broken->expected,
                                 broken->observed);
  } else if (abort != nullptr) {
    result_.outcome = abort->outcome;
    result_.reason = abort->reason;
  } else if (result_.evidence.empty()) {
    result_.outcome = Outcome::error;
    result_.reason = "the check asked the kernel nothing";
  } else {
    result_.outcome = Outcome::pass;
  }
  return std::move(result_);
}

std::vector<RegisteredCheck>& registry() {
  static std::vector<RegisteredCheck> checks;
  return checks;
}

bool register_check(CheckInfo info, CheckBody body) {
  auto& checks = registry();
  const auto place = std::ranges::upper_bound(
      checks, info.id, {},
      [](const RegisteredCheck& check) -> const std::string& { return check.info.id; });
  checks.insert(place, {std::move(info), std::move(body)});
  return true;
}

bool register_for_each_type(const CheckInfo& info,
                            const std::function<void(Check&, const NsTypeInfo&)>& body) {
  for (const NsTypeInfo& type : model::kNsTypes) {
    auto fill = [&](std::string text) {
      for (auto at = text.find("{}"); at != std::string::npos; at = text.find("{}", at)) {
        text.replace(at, 2, type.flag_name);
      }
      return text;
    };
    CheckInfo each = info;
    each.id = fmt::format("{}.{}", type.name, info.id);
    each.title = fmt::format("{}: {}", type.name, fill(info.title));
    each.rule = fill(info.rule);
    each.types.push_back(type.type);
    register_check(std::move(each), [&type, body](Check& t) { body(t, type); });
  }
  return true;
}

}  // namespace nsvet::probe
