// Named keyrings belong to a user namespace.
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user.h"

namespace nsvet::probe {
namespace {

// Joins the session keyring of this name, or makes it, and lets others of the user find it.
sys::Result<long> join_keyring() {
  const long serial = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "nsvet");
  if (serial < 0) return sys::last_error("KEYCTL_JOIN_SESSION_KEYRING");
  constexpr unsigned kPossessorAndUser = 0x3f3f0000;
  // Only who made it needs to.
  ::syscall(SYS_keyctl, KEYCTL_SETPERM, serial, kPossessorAndUser);
  return serial;
}

NSVET_CHECK(named_keyring,
            {.id = "user.keys.named",
             .title = "Keyrings are found by name in their user namespace only",
             .rule = "KEYCTL_JOIN_SESSION_KEYRING with a name joins the keyring of this name that "
                     "was made in the caller's user namespace, and makes another one in another",
             .source = "commit b206f281d0ee (keys: Namespace keyring names)",
             .types = {NsType::user},
             .needs = {Need::userns},
             .since = "5.3"}) {
  Actor outer = t.spawn();
  require(outer([] { return sys::enter_own_user_namespace(); }));
  Actor beside = outer.spawn();
  Actor inner = outer.spawn();
  require(inner([] { return sys::enter_own_user_namespace(); }));
  Actor in_inner = inner.spawn();
  const auto made = outer(join_keyring);
  if (!made && (made.error().number == ENOSYS || made.error().number == EPERM)) {
    Check::skip(fmt::format("no keyrings here: {}", to_string(made.error())));
  }
  const long first = require(made);
  t.expect("joined in the same user namespace", require(beside(join_keyring)) == first, true);
  const long second = require(inner(join_keyring));
  t.expect("joined in a user namespace below", second == first, false);
  t.expect("joined again in that", require(in_inner(join_keyring)) == second, true);
}

}  // namespace
}  // namespace nsvet::probe
