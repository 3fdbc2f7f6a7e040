// What a check is written with: its metadata, its questions to the kernel, and its registration.
//
//   NSVET_CHECK(hostname_isolated,
//               {.id = "uts.hostname.isolated",
//                .title = "The host name is private to a UTS namespace",
//                .rule = "sethostname(2) changes the name in the caller's UTS namespace only",
//                .source = "uts_namespaces(7)",
//                .types = {NsType::uts},
//                .needs = {Need::admin}}) {
//     ...
//     t.expect("host name outside", setup(sys::hostname()), before);
//   }
#pragma once

#include <fmt/format.h>
#include <sched.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/check.h"
#include "probe/abort.h"
#include "probe/actor.h"
#include "sys/call.h"

namespace nsvet::probe {

using model::NsType;
using model::NsTypeInfo;

/// What a check needs besides its namespace types. The predicates are in needs.cpp.
enum class Need {
  admin,    ///< All capabilities over the caller's namespaces: real ones, or through a user
            ///< namespace.
  root,     ///< Real root, in the initial user namespace.
  cgroup2,  ///< A cgroup2 hierarchy in which a group can be made.
  userns,   ///< User namespaces that the caller may create.
  mqueue,   ///< POSIX message queues.
  sysvipc,  ///< System V IPC.
};

class Check;

struct CheckInfo {
  std::string id;  ///< TYPE.topic.rule
  std::string title;
  std::string rule;
  std::string source;
  std::vector<NsType> types{};
  std::vector<Need> needs{};
  std::string since{};
};

/// The running check: collects evidence and facts.
class Check {
 public:
  explicit Check(std::string id) { result_.id = std::move(id); }

  /// Compares what the kernel did with what the rule says; goes on either way.
  /// @return whether they agree
  template <class A, class B>
  bool expect(std::string_view what, const A& observed, const B& expected) {
    return record(what, show(observed), show(expected));
  }

  /// Expects that a call fails with this errno.
  template <class T>
  bool expect_errno(std::string_view what, const sys::Result<T>& observed, int expected) {
    return record(what, outcome(observed), sys::errno_name(expected));
  }

  /// Expects that a call succeeds.
  template <class T>
  bool expect_success(std::string_view what, const sys::Result<T>& observed) {
    return record(what, outcome(observed), "success");
  }

  /// Expects two values to differ, where there is no single right value.
  template <class A>
  bool expect_differ(std::string_view what, const A& observed, const A& other) {
    return record(what, observed == other ? "the same" : "different", "different");
  }

  /// Notes a named value that is worth comparing across kernels.
  void fact(std::string name, model::Fact value) {
    result_.facts.insert_or_assign(std::move(name), std::move(value));
  }

  [[noreturn]] static void skip(std::string reason) {
    throw Abort{model::Outcome::skip, std::move(reason)};
  }

  /// A child of the check that does its steps, see actor.h.
  Actor spawn(const sys::CloneOptions& options = {}) const {
    return require(Actor::start(options));
  }
  sys::Result<Actor> try_spawn(const sys::CloneOptions& options) const {
    return Actor::start(options);
  }

  /// The verdict over all evidence.
  model::CheckResult finish(const Abort* abort) &&;

 private:
  static std::string show(std::string_view text) { return std::string(text); }
  static std::string show(bool value) { return value ? "yes" : "no"; }
  static std::string show(sys::NsId id) { return to_string(id); }
  static std::string show(sys::ExitStatus status) { return to_string(status); }
  static std::string show(const char* text) { return text; }
  static std::string show(const std::string& text) { return text; }
  template <class T>
  static std::string show(const T& value) {
    return fmt::format("{}", value);
  }
  bool record(std::string_view what, std::string observed, std::string expected);

  model::CheckResult result_;
};

using CheckBody = std::function<void(Check&)>;

struct RegisteredCheck {
  CheckInfo info;
  CheckBody body;
};

/// All checks of this program, in the order of their ids.
std::vector<RegisteredCheck>& registry();

bool register_check(CheckInfo info, CheckBody body);
/// Registers one check for each namespace type, with the type's name before the id, and the type
/// added to what it needs. "{}" in the texts stands for the type's CLONE flag.
bool register_for_each_type(const CheckInfo& info,
                            const std::function<void(Check&, const NsTypeInfo&)>& body);

/// @return why the need is not met here, or an empty text. `admin` and `userns` are decided by
/// trying, in a child.
std::string missing(Need need);
std::string missing(NsType type);

/// Whether the running kernel is older than this release, as "5.11".
bool older_than(std::string_view release);

/// Skips when a kernel older than `since` answers as one that lacks the call, and goes on
/// otherwise: of a later one that answer is a broken rule.
template <class T>
void need_call(const sys::Result<T>& result, int absent, std::string_view what,
               std::string_view since) {
  if (result || result.error().number != absent || !older_than(since)) return;
  Check::skip(fmt::format("this kernel has no {}", what));
}
std::string_view to_string(Need need);

/// unshare(2), and the proof that the caller really is elsewhere, before anything is altered.
/// A new PID or time namespace is for the children: theirs is compared.
void enter_new(std::uint64_t flags);

/// A mount namespace of the caller's own in which nothing propagates outside, with an empty tmpfs
/// on /tmp. For an actor: the check itself stays where it is.
void enter_private_mounts();

/// The `main` of every probe program: --list, --run ID, --events FD.
int probe_main(int argc, char** argv);

}  // namespace nsvet::probe

// The metadata is in braces whose commas the preprocessor sees, hence the variadic part.
#define NSVET_CHECK(name, ...)                                                              \
  static void name(nsvet::probe::Check& t);                                                 \
  static const bool name##_registered = nsvet::probe::register_check(__VA_ARGS__, &(name)); \
  static void name(nsvet::probe::Check& t)

#define NSVET_CHECK_EACH_TYPE(name, ...)                                          \
  static void name(nsvet::probe::Check& t, const nsvet::probe::NsTypeInfo& type); \
  static const bool name##_registered =                                           \
      nsvet::probe::register_for_each_type(__VA_ARGS__, &(name));                 \
  static void name(nsvet::probe::Check& t, const nsvet::probe::NsTypeInfo& type)
