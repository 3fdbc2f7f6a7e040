// UTS namespaces: the host name and the NIS domain name, and nothing else.
#include "probe/check.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(hostname_isolated,
            {.id = "uts.hostname.isolated",
             .title = "The host name is private to a UTS namespace",
             .rule = "sethostname(2) changes the name in the caller's UTS namespace only",
             .source = "uts_namespaces(7)",
             .types = {NsType::uts},
             .needs = {Need::admin}}) {
  const auto before = setup(sys::hostname());
  Actor inside = t.spawn({.flags = CLONE_NEWUTS});
  require(inside([] { return sys::set_hostname("nsvet-inside"); }));
  t.expect("host name inside", setup(inside([] { return sys::hostname(); })), "nsvet-inside");
  t.expect("host name outside", setup(sys::hostname()), before);
}

NSVET_CHECK(names_inherited,
            {.id = "uts.names.inherited",
             .title = "A new UTS namespace starts with copies of its creator's names",
             .rule = "the names in a new UTS namespace are copied from the caller's",
             .source = "uts_namespaces(7)",
             .types = {NsType::uts},
             .needs = {Need::admin}}) {
  Actor outer = t.spawn({.flags = CLONE_NEWUTS});
  require(outer([] { return sys::set_hostname("nsvet-outer"); }));
  require(outer([] { return sys::set_domainname("nsvet-domain"); }));
  Actor inner = outer.spawn({.flags = CLONE_NEWUTS});
  t.expect("host name inside", setup(inner([] { return sys::hostname(); })), "nsvet-outer");
  t.expect("domain name inside", setup(inner([] { return sys::domainname(); })), "nsvet-domain");
  require(outer([] { return sys::set_hostname("nsvet-later"); }));
  t.expect("host name inside after a change outside", setup(inner([] { return sys::hostname(); })),
           "nsvet-outer");
}

}  // namespace
}  // namespace nsvet::probe
