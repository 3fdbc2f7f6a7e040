#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <span>

#include "model/event.h"
#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

constexpr std::string_view kUsage =
    "usage: {0} --list            what this program checks\n"
    "       {0} --run ID          run one check and show its evidence\n"
    "       {0} ... --events FD   write JSON lines there instead\n";

struct Call {
  bool list = false;
  std::string_view run;
  int events = -1;
};

std::optional<Call> parse(std::span<char*> arguments) {
  Call call;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    const std::string_view value = i + 1 < arguments.size() ? arguments[i + 1] : "";
    if (word == "--list") {
      call.list = true;
    } else if (word == "--run" && !value.empty()) {
      call.run = value;
      ++i;
    } else if (word == "--events" && !value.empty()) {
      const char* end = value.data() + value.size();
      if (std::from_chars(value.data(), end, call.events).ptr != end) return std::nullopt;
      ++i;
    } else {
      return std::nullopt;
    }
  }
  if (call.list == !call.run.empty()) return std::nullopt;
  return call;
}

model::Listing listing(const CheckInfo& info) {
  model::Listing row{
      model::Listing::Kind::check, info.id, info.title, info.rule, info.source, {}, {}, info.since};
  for (const NsType type : info.types) row.types.emplace_back(model::info(type).name);
  for (const Need need : info.needs) row.needs.emplace_back(to_string(need));
  return row;
}

// Needs are met here or not at all: an ordinary user becomes the root of a user namespace.
void prepare(const CheckInfo& info) {
  for (const NsType type : info.types) {
    if (auto why = missing(type); !why.empty()) Check::skip(why);
  }
  for (const Need need : info.needs) {
    if (auto why = missing(need); !why.empty()) Check::skip(why);
  }
  const bool admin = std::ranges::find(info.needs, Need::admin) != info.needs.end();
  if (admin && !sys::has_capability(CAP_SYS_ADMIN)) setup(sys::enter_own_user_namespace());
}

model::CheckResult run(const RegisteredCheck& check) {
  Check t(check.info.id);
  std::optional<Abort> abort;
  const auto begin = std::chrono::steady_clock::now();
  try {
    setup(sys::become_subreaper());
    prepare(check.info);
    check.body(t);
  } catch (const Abort& early) {
    abort = early;
  } catch (const std::exception& accident) {
    abort = Abort{model::Outcome::error, accident.what()};
  }
  auto result = std::move(t).finish(abort ? &*abort : nullptr);
  result.duration_ns = (std::chrono::steady_clock::now() - begin).count();
  sys::kill_all_children();
  return result;
}

void show(const RegisteredCheck& check, const model::CheckResult& result) {
  fmt::print("{}  {}\n", to_string(result.outcome), result.id);
  fmt::print("  rule      {} ({})\n", check.info.rule, check.info.source);
  if (!result.reason.empty()) fmt::print("  reason    {}\n", result.reason);
  for (const auto& piece : result.evidence) {
    fmt::print("  {} {}: {}", piece.holds ? "ok       " : "BROKEN   ", piece.what, piece.observed);
    fmt::print("{}\n", piece.holds ? "" : ", expected " + piece.expected);
  }
  for (const auto& [name, value] : result.facts) {
    fmt::print("  fact      {} = {}\n", name,
               std::visit([](const auto& v) { return fmt::format("{}", v); }, value));
  }
}

void emit(int fd, const model::Event& event) {
  if (!sys::write_all(fd, model::encode(event) + "\n")) ::_exit(3);
}

}  // namespace

int probe_main(int argc, char** argv) {
  const std::span<char*> words(argv, static_cast<std::size_t>(argc));
  const auto call = parse(words.subspan(1));
  if (!call) {
    fmt::print(stderr, fmt::runtime(kUsage), words.front());
    return 2;
  }
  if (call->list) {
    for (const auto& check : registry()) {
      if (call->events >= 0) {
        emit(call->events, listing(check.info));
      } else {
        fmt::print("{:<40} {}\n", check.info.id, check.info.title);
      }
    }
    return 0;
  }
  const auto check = std::ranges::find(registry(), call->run,
                                       [](const auto& c) { return std::string_view(c.info.id); });
  if (check == registry().end()) {
    fmt::print(stderr, "{}: no check {} here (see --list)\n", words.front(), call->run);
    return 2;
  }
  const auto result = run(*check);
  if (call->events >= 0) {
    emit(call->events, result);
    return 0;
  }
  show(*check, result);
  return result.outcome == model::Outcome::fail ? 1 : 0;
}

}  // namespace nsvet::probe

int main(int argc, char** argv) { return nsvet::probe::probe_main(argc, argv); }
