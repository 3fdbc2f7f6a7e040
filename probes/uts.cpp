// UTS namespaces: the host name and the NIS domain name, and nothing else.
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <climits>
#include <string>
#include <thread>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

constexpr std::size_t kLongest = 64;  // __NEW_UTS_LEN: without the final NUL.

CheckInfo uts_rule(std::string id, std::string title, std::string rule, std::string source) {
  return {.id = std::move(id),
          .title = std::move(title),
          .rule = std::move(rule),
          .source = std::move(source),
          .types = {NsType::uts},
          .needs = {Need::admin}};
}

// The two names that a UTS namespace holds.
struct Name {
  const char* id;
  const char* words;
  long set_call;
  sys::Result<std::string> (*get)();
  const char* file;
};
constexpr Name kNames[] = {
    {"hostname", "host name", SYS_sethostname, sys::hostname, "/proc/sys/kernel/hostname"},
    {"domainname", "domain name", SYS_setdomainname, sys::domainname,
     "/proc/sys/kernel/domainname"},
};

// The system call as it is, with a length of its own.
sys::Result<> set_raw(const Name& name, const char* text, long length) {
  if (::syscall(name.set_call, text, length) != 0) return sys::last_error("set{}()", name.id);
  return {};
}

sys::Result<> set(Actor& actor, const Name& name, std::string_view text) {
  return actor([name, value = Text(std::string(text))] {
    const auto plain = value.str();
    return set_raw(name, plain.data(), static_cast<long>(plain.size()));
  });
}

std::string get(Actor& actor, const Name& name) {
  return setup(actor([name] { return name.get(); }));
}

sys::Result<std::string> read_name(const Name& name) {
  auto text = sys::read_file(name.file);
  if (text && text->ends_with('\n')) text->pop_back();
  return text;
}

void isolated(Check& t, const Name& name) {
  Actor outer = t.spawn({.flags = CLONE_NEWUTS});
  require(set(outer, name, "outer"));
  Actor inner = outer.spawn({.flags = CLONE_NEWUTS});
  Actor sibling = outer.spawn({.flags = CLONE_NEWUTS});
  const auto host = setup(name.get());
  require(set(inner, name, "inner"));
  t.expect("inside", get(inner, name), "inner");
  t.expect("in the creator's namespace", get(outer, name), "outer");
  t.expect("in a sibling", get(sibling, name), "outer");
  require(set(outer, name, "changed"));
  t.expect("inside after a change outside", get(inner, name), "inner");
  t.expect("in the sibling after it", get(sibling, name), "outer");
  t.expect("in the check's own namespace", setup(name.get()), host);
}

void inherited(Check& t, const Name& name) {
  Actor outer = t.spawn({.flags = CLONE_NEWUTS});
  require(set(outer, name, "parent"));
  Actor cloned = outer.spawn({.flags = CLONE_NEWUTS});
  t.expect("after clone3()", get(cloned, name), "parent");
  Actor mover = outer.spawn();
  mover([] { enter_new(CLONE_NEWUTS); });
  t.expect("after unshare()", get(mover, name), "parent");
  require(set(mover, name, "moved"));
  Actor nested = mover.spawn({.flags = CLONE_NEWUTS});
  t.expect("two levels down", get(nested, name), "moved");
}

void shared(Check& t, const Name& name) {
  Actor first = t.spawn({.flags = CLONE_NEWUTS});
  Actor second = first.spawn();
  Actor third = second.spawn();
  require(set(third, name, "shared"));
  t.expect("a change by a grandchild, in the first", get(first, name), "shared");
  t.expect("in the second", get(second, name), "shared");
}

void joined(Check& t, const Name& name, bool by_pidfd) {
  Actor base = t.spawn({.flags = CLONE_NEWUTS});
  require(set(base, name, "base"));
  Actor target = base.spawn({.flags = CLONE_NEWUTS});
  require(set(target, name, "target"));
  Actor joiner = base.spawn();
  auto move_to = [&](const Actor& to) {
    const sys::Fd link = by_pidfd ? sys::Fd() : setup(sys::open_ns("uts", to.pid()));
    const int there = joiner.give(by_pidfd ? to.pidfd() : link.get());
    return joiner([there] { return sys::setns(there, CLONE_NEWUTS); });
  };
  require(move_to(target));
  t.expect("after setns()", get(joiner, name), "target");
  require(set(joiner, name, "joined"));
  t.expect("set by the joiner, in the target", get(target, name), "joined");
  require(move_to(base));
  t.expect("after setns() back", get(joiner, name), "base");
}

void lengths(Check& t, const Name& name) {
  Actor inside = t.spawn({.flags = CLONE_NEWUTS});
  const std::string most(kLongest, 'x');
  t.expect_success("64 bytes", set(inside, name, most));
  t.expect("64 bytes", get(inside, name), most);
  t.expect_errno("65 bytes", set(inside, name, most + "y"), EINVAL);
  t.expect("after the refusal", get(inside, name), most);
  t.expect_success("a shorter one", set(inside, name, "short"));
  t.expect("nothing is left of the longer", get(inside, name), "short");
  t.expect_success("0 bytes", set(inside, name, ""));
  t.expect("0 bytes", get(inside, name), "");
  auto raw = [&](const char* text, long length) {
    return inside([name, text, length] { return set_raw(name, text, length); });
  };
  t.expect_errno("a negative length", raw("x", -1), EINVAL);
  t.expect_errno("a length of INT_MIN", raw("x", INT_MIN), EINVAL);
  t.expect_errno("a bad address", raw(reinterpret_cast<const char*>(8), 4), EFAULT);
  t.expect("after these", get(inside, name), "");
}

void privileged(Check& t, const Name& name) {
  Actor inside = t.spawn({.flags = CLONE_NEWUTS});
  require(set(inside, name, "before"));
  Actor plain = inside.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  t.expect_errno("without capabilities", set(plain, name, "after"), EPERM);
  t.expect_errno("without, and too long", set(plain, name, std::string(65, 'x')), EPERM);
  t.expect("name", get(inside, name), "before");
}

void owned(Check& t, const Name& name) {
  if (!missing(Need::userns).empty()) Check::skip(missing(Need::userns));
  Actor outer = t.spawn({.flags = CLONE_NEWUTS});
  require(set(outer, name, "before"));
  Actor user_only = outer.spawn({.flags = CLONE_NEWUSER});
  t.expect_errno("in a new user namespace alone", set(user_only, name, "after"), EPERM);
  t.expect("name", get(outer, name), "before");
  Actor both = outer.spawn({.flags = CLONE_NEWUSER | CLONE_NEWUTS});
  t.expect_success("in a new UTS namespace of it", set(both, name, "inner"));
  Actor above = outer.spawn();
  const auto fd = setup(sys::open_ns("uts", both.pid()));
  const int there = above.give(fd.get());
  require(above([there] { return sys::setns(there, CLONE_NEWUTS); }));
  t.expect_success("by the parent user namespace, having joined", set(above, name, "above"));
  t.expect("name inside", get(both, name), "above");
}

void file_follows(Check& t, const Name& name) {
  Actor outer = t.spawn({.flags = CLONE_NEWUTS});
  require(set(outer, name, "outer"));
  Actor inner = outer.spawn({.flags = CLONE_NEWUTS});
  require(set(inner, name, "inner"));
  auto read = [&](Actor& actor) { return setup(actor([name] { return read_name(name); })); };
  t.expect("read outside", read(outer), "outer");
  t.expect("read inside", read(inner), "inner");
  const auto written = inner([name] { return sys::write_file(name.file, "written\n"); });
  t.fact("written_by_owner", outcome(written));
  if (written) {
    t.expect("after a write inside", get(inner, name), "written");
  } else {
    t.expect_errno("write where the file belongs to real root", written, EACCES);
    t.expect("after the refused write", get(inner, name), "inner");
  }
  t.expect("outside after that", get(outer, name), "outer");
}

// All UTS namespaces share one count of changes, so that silence proves nothing here.
void file_polls(Check& t, const Name& name) {
  Actor inside = t.spawn({.flags = CLONE_NEWUTS});
  const int fd = inside([name] {
    const int opened = ::open(name.file, O_RDONLY | O_CLOEXEC);
    char text[128];
    static_cast<void>(!::read(opened, text, sizeof text));
    return opened;
  });
  auto events = [&](int limit) {
    return inside([fd, limit] {
      pollfd changed{fd, POLLPRI, 0};
      ::poll(&changed, 1, limit);
      return static_cast<int>(changed.revents);
    });
  };
  events(0);
  require(set(inside, name, "changed"));
  t.expect("after a change", events(static_cast<int>(kPatience.count())), POLLERR | POLLPRI);
}

struct Topic {
  const char* id;
  const char* title;
  const char* rule;
  const char* source;
  void (*body)(Check&, const Name&);
};
constexpr Topic kTopics[] = {
    {"isolated", "is private to a UTS namespace",
     "a change in one namespace shows in no other: neither upwards, downwards nor sideways",
     "uts_namespaces(7)", isolated},
    {"inherited", "is copied from the creator's", "a new namespace starts with the caller's names",
     "uts_namespaces(7)", inherited},
    {"shared", "is shared by the members", "all members of a namespace see a change at once",
     "uts_namespaces(7)", shared},
    {"setns", "follows setns(2)", "who joins reads and sets the names of the namespace joined",
     "setns(2), uts_namespaces(7)", [](Check& t, const Name& name) { joined(t, name, false); }},
    {"setns_pidfd", "follows setns(2) of a pidfd",
     "setns(pidfd, CLONE_NEWUTS) joins the namespace of that process", "setns(2)",
     [](Check& t, const Name& name) { joined(t, name, true); }},
    {"lengths", "has up to 64 bytes",
     "64 bytes are taken, 65 and negative lengths are EINVAL, a bad address is EFAULT, and a "
     "refused call changes nothing",
     "sethostname(2), setdomainname(2)", lengths},
    {"privilege", "needs CAP_SYS_ADMIN to be set",
     "setting it without CAP_SYS_ADMIN is EPERM and changes nothing",
     "sethostname(2), setdomainname(2)", privileged},
    {"owner", "is set with privilege over the owner",
     "CAP_SYS_ADMIN counts in the user namespace that owns the UTS namespace and in those above "
     "it, not in one below",
     "user_namespaces(7)", owned},
    {"file", "is in /proc/sys/kernel for the reader's namespace",
     "the file under /proc/sys/kernel reads and writes the name of the caller's UTS namespace, "
     "whatever procfs it is in",
     "proc_sys_kernel(5)", file_follows},
    {"file_polls", "can be watched with poll(2)",
     "a change wakes poll(2) on the file under /proc/sys/kernel with POLLERR and POLLPRI",
     "kernel/utsname_sysctl.c uts_proc_notify()", file_polls},
};

const bool registered = [] {
  for (const Name& name : kNames) {
    for (const Topic& topic : kTopics) {
      register_check(
          uts_rule(fmt::format("uts.{}.{}", name.id, topic.id),
                   fmt::format("The {} {}", name.words, topic.title), topic.rule, topic.source),
          [&name, &topic](Check& t) { topic.body(t, name); });
    }
  }
  return true;
}();

std::string constants() {
  utsname names;
  ::uname(&names);
  return fmt::format("{} {} {} {}", names.sysname, names.release, names.version, names.machine);
}

NSVET_CHECK(constant_fields,
            uts_rule("uts.uname.constant", "All other fields of uname(2) stay as they are",
                     "sysname, release, version and machine are the same in every namespace, also "
                     "when both names change",
                     "uname(2), uts_namespaces(7)")) {
  const auto before = constants();
  Actor inside = t.spawn({.flags = CLONE_NEWUTS});
  t.expect("in a new namespace", inside([] { return constants(); }), before);
  for (const Name& name : kNames) require(set(inside, name, std::string(kLongest, 'z')));
  t.expect("with the longest names", inside([] { return constants(); }), before);
}

NSVET_CHECK(names_apart, uts_rule("uts.names.apart", "The two names do not touch each other",
                                  "sethostname(2) leaves the domain name alone, and the reverse",
                                  "sethostname(2), setdomainname(2)")) {
  Actor inside = t.spawn({.flags = CLONE_NEWUTS});
  require(set(inside, kNames[0], "host"));
  require(set(inside, kNames[1], "domain"));
  require(set(inside, kNames[0], std::string(kLongest, 'h')));
  t.expect("domain name after the longest host name", get(inside, kNames[1]), "domain");
  require(set(inside, kNames[0], "host"));
  require(set(inside, kNames[1], std::string(kLongest, 'd')));
  t.expect("host name after the longest domain name", get(inside, kNames[0]), "host");
}

NSVET_CHECK(threads_apart,
            uts_rule("uts.threads.apart", "Threads of one process may be in different namespaces",
                     "a UTS namespace belongs to the thread: unshare(2) and clone(CLONE_THREAD) "
                     "move one thread only",
                     "namespaces(7), clone(2)")) {
  Actor base = t.spawn({.flags = CLONE_NEWUTS});
  require(set(base, kNames[0], "main"));
  t.expect("name in a thread that has unshared", base([] {
             std::string seen;
             std::thread([&seen] {
               if (!sys::unshare(CLONE_NEWUTS) || !sys::set_hostname("thread")) return;
               seen = sys::hostname().value_or("");
             }).join();
             return seen;
           }),
           "thread");
  t.expect("name in the main thread", get(base, kNames[0]), "main");
}

std::string time_zone() {
  struct Zone {
    int west;
    int dst;
  } zone{};
  timeval now{};
  ::syscall(SYS_gettimeofday, &now, &zone);
  return fmt::format("{} {}", zone.west, zone.dst);
}

NSVET_CHECK(not_the_time,
            uts_rule("uts.scope.no_time", "A UTS namespace isolates no clock and no time zone",
                     "the T of UTS stands for time-sharing: clocks, the kernel's time zone and the "
                     "time namespace are those of the creator",
                     "uts_namespaces(7), time_namespaces(7)")) {
  const auto zone = time_zone();
  Actor inside = t.spawn({.flags = CLONE_NEWUTS});
  t.expect("time zone", inside([] { return time_zone(); }), zone);
  if (missing(NsType::time).empty()) {
    t.expect("time namespace", setup(inside([] { return sys::ns_id(NsType::time); })),
             setup(sys::ns_id(NsType::time)));
  }
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME}) {
    auto now = [clock] {
      timespec value{};
      ::clock_gettime(clock, &value);
      return value.tv_sec * 1'000'000'000 + value.tv_nsec;
    };
    const auto before = now();
    const auto there = inside(now);
    t.expect(fmt::format("clock {} between two readings outside", clock),
             before <= there && there <= now(), true);
  }
}

NSVET_CHECK(no_parent,
            uts_rule("uts.scope.not_the_rest", "A new UTS namespace leaves all other types alone",
                     "CLONE_NEWUTS makes a UTS namespace and nothing else", "clone(2)")) {
  Actor inside = t.spawn({.flags = CLONE_NEWUTS});
  for (const auto& type : model::kNsTypes) {
    if (type.type == NsType::uts || !missing(type.type).empty()) continue;
    t.expect(fmt::format("{} namespace", type.name),
             setup(inside([x = type.type] { return sys::ns_id(x); })),
             setup(sys::ns_id(type.type)));
  }
  t.expect_differ("uts namespace", setup(inside([] { return sys::ns_id(NsType::uts); })),
                  setup(sys::ns_id(NsType::uts)));
}

}  // namespace
}  // namespace nsvet::probe
