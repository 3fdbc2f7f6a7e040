#include "pid_family.h"

namespace nsvet::probe {

Family make_family(const Check& t, std::uint64_t flags) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID | flags});
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  Actor sibling = outer.spawn({.flags = CLONE_NEWPID});
  return {std::move(outer), std::move(init), std::move(member), std::move(sibling)};
}

}  // namespace nsvet::probe
