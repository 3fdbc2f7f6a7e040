// Id maps: who may write what into uid_map, gid_map and projid_map, and what the ids look like.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(unmapped,
            {.id = "user.map.unmapped",
             .title = "Without a map every id is the overflow id",
             .rule = "before a map is written, getuid(2) and getgid(2) give the overflow ids",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  const auto overflow = setup(sys::read_file("/proc/sys/kernel/overflowuid"));
  t.expect("uid inside", fmt::format("{}\n", inside([] { return ::getuid(); })), overflow);
  t.expect("uid_map inside", setup(inside([] { return sys::read_file("/proc/self/uid_map"); })),
           "");
}

NSVET_CHECK(mapped, {.id = "user.map.root",
                     .title = "A mapped id is seen inside as the map says",
                     .rule = "with the map \"0 UID 1\" the process has uid 0 inside",
                     .source = "user_namespaces(7)",
                     .types = {NsType::user},
                     .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  require(sys::map_root(inside.pid(), ::geteuid(), ::getegid()));
  t.expect("uid inside", inside([] { return ::getuid(); }), 0U);
  t.expect("gid inside", inside([] { return ::getgid(); }), 0U);
  t.expect_errno("a second map",
                 sys::write_file(fmt::format("/proc/{}/uid_map", inside.pid()),
                                 fmt::format("0 {} 1", ::geteuid())),
                 EPERM);
}

NSVET_CHECK(map_errors, {.id = "user.map.errors",
                         .title = "Maps that make no sense are refused",
                         .rule = "an empty range, overlapping ranges and an empty map give EINVAL",
                         .source = "user_namespaces(7)",
                         .types = {NsType::user},
                         .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  const std::string path = fmt::format("/proc/{}/uid_map", inside.pid());
  const auto uid = ::geteuid();
  t.expect_errno("length 0", sys::write_file(path, fmt::format("0 {} 0", uid)), EINVAL);
  t.expect_errno("overlap", sys::write_file(path, fmt::format("0 {0} 2\n1 {0} 2\n", uid)), EINVAL);
  t.expect_errno("no numbers", sys::write_file(path, "nonsense"), EINVAL);
}

NSVET_CHECK(map_written_once,
            {.id = "user.map.once",
             .title = "Each map can be written once",
             .rule = "a second write to uid_map or gid_map fails with EPERM, and the first stays; "
                     "what is read back are the three numbers",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  for (const char* file : {"uid_map", "gid_map"}) {
    t.expect(fmt::format("{} at first", file), setup(sys::read_file(proc_file(inside, file))), "");
  }
  require(sys::map_root(inside.pid(), ::geteuid(), ::getegid()));
  t.expect("uid_map", setup(sys::read_file(proc_file(inside, "uid_map"))),
           fmt::format("{:>10} {:>10} {:>10}\n", 0, ::geteuid(), 1));
  t.expect("gid_map", setup(sys::read_file(proc_file(inside, "gid_map"))),
           fmt::format("{:>10} {:>10} {:>10}\n", 0, ::getegid(), 1));
  t.expect_errno("uid_map again",
                 sys::write_file(proc_file(inside, "uid_map"), fmt::format("1 {} 1", ::geteuid())),
                 EPERM);
  t.expect_errno("gid_map again",
                 sys::write_file(proc_file(inside, "gid_map"), fmt::format("1 {} 1", ::getegid())),
                 EPERM);
  t.expect("uid inside after the refusals", inside([] { return ::getuid(); }), 0U);
}

NSVET_CHECK(
    map_forms,
    {.id = "user.map.forms",
     .title = "A map may end with a newline or not, and must start at offset 0",
     .rule = "one id may be mapped to any id; a partial write is none: pwrite(2) at another "
             "offset fails",
     .source = "user_namespaces(7)",
     .types = {NsType::user},
     .needs = {Need::userns}}) {
  const auto uid = ::geteuid();
  for (const auto& [text, expected] :
       {std::pair{fmt::format("0 {} 1", uid), 0U}, std::pair{fmt::format("0 {} 1\n", uid), 0U},
        std::pair{fmt::format("1000 {} 1", uid), 1000U},
        std::pair{fmt::format("4294967294 {} 1", uid), 4294967294U},
        std::pair{fmt::format("{0} {0} 1", uid), unsigned{uid}}}) {
    Actor inside = t.spawn({.flags = CLONE_NEWUSER});
    if (t.expect_success(text, sys::write_file(proc_file(inside, "uid_map"), text))) {
      t.expect("uid inside", inside([] { return ::getuid(); }), expected);
    }
  }
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  const auto fd = setup(sys::open(proc_file(inside, "uid_map"), O_WRONLY));
  const auto text = fmt::format("0 {} 1", uid);
  const bool written = ::pwrite(fd.get(), text.data(), text.size(), 1) >= 0;
  t.fact("errno_of_pwrite", written ? "0" : sys::errno_name(errno));
  t.expect("pwrite() at offset 1 succeeds", written, false);
  t.expect("map after it", setup(sys::read_file(proc_file(inside, "uid_map"))), "");
}

NSVET_CHECK(map_bad_forms,
            {.id = "user.map.bad_forms",
             .title = "Maps that make no sense are refused as a whole",
             .rule = "too few or too many numbers, ranges that overlap inside or outside, that are "
                     "empty or wrap around, and more lines than fit give EINVAL, and no map",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  const auto uid = ::geteuid();
  std::string many;
  for (unsigned i = 0; i < 341; ++i) many += fmt::format("{} {} 1\n", i, 1000 + i);
  const std::pair<const char*, std::string> rows[] = {
      {"nothing", "\n"},
      {"two numbers", fmt::format("0 {}", uid)},
      {"four numbers", fmt::format("0 {} 1 1", uid)},
      {"a length of 0", fmt::format("0 {} 0", uid)},
      {"a negative number", fmt::format("-1 {} 1", uid)},
      {"the id -1 inside", fmt::format("4294967295 {} 1", uid)},
      {"the id -1 outside", "0 4294967295 1"},
      {"a range that wraps around", fmt::format("4294967290 {} 10", uid)},
      {"ranges that overlap inside", fmt::format("0 {} 1\n0 {} 1\n", uid, uid + 1)},
      {"ranges that overlap outside", fmt::format("0 {0} 1\n1 {0} 1\n", uid)},
      {"341 lines", many},
  };
  for (const auto& [what, text] : rows) {
    t.expect_errno(what, sys::write_file(proc_file(inside, "uid_map"), text), EINVAL);
  }
  t.expect("map after the refusals", setup(sys::read_file(proc_file(inside, "uid_map"))), "");
  t.expect_success("a good map after them", sys::map_root(inside.pid(), uid, ::getegid()));
}

NSVET_CHECK(map_lines,
            {.id = "user.map.lines",
             .title = "A map has up to 340 lines, and each takes effect",
             .rule = "340 lines are accepted; every range is translated, also beyond the fifth",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::root},
             .since = "4.15"}) {
  // Neither sorted nor dense: the kernel sorts maps with more than five lines.
  std::string text;
  for (unsigned i = 0; i < 340; ++i) {
    const unsigned line = (i * 7) % 340;
    text += fmt::format("{} {} 2\n", 10 * line, 1000 + 3 * (339 - line));
  }
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  if (!t.expect_success("340 lines", sys::write_file(proc_file(inside, "uid_map"), text))) return;
  require(sys::write_file(proc_file(inside, "gid_map"), "0 0 1"));
  for (const unsigned line : {0U, 1U, 4U, 5U, 6U, 170U, 338U, 339U}) {
    for (const unsigned offset : {0U, 1U}) {
      const unsigned inner = 10 * line + offset;
      Actor child = inside.spawn();
      t.expect_success(fmt::format("setresuid({})", inner), child([inner] {
                         return result_of(::setresuid(inner, inner, inner), "setresuid()");
                       }));
      struct stat st {};
      setup(result_of(::stat(proc_file(child, "").c_str(), &st), "stat()"));
      const auto status = setup(sys::read_file(proc_file(child, "status")));
      const unsigned outer = 1000 + 3 * (339 - line) + offset;
      t.expect(fmt::format("id {} seen outside", inner),
               status.find(fmt::format("Uid:\t{0}\t{0}\t{0}\t{0}\n", outer)) != std::string::npos,
               true);
    }
  }
  Actor child = inside.spawn();
  t.expect_errno("setresuid(id between two ranges)",
                 child([] { return result_of(::setresuid(5, 5, 5), "setresuid()"); }), EINVAL);
}

NSVET_CHECK(map_reader,
            {.id = "user.map.reader",
             .title = "What uid_map shows depends on who opened it",
             .rule = "from inside the second number is in the parent's ids, from another user "
                     "namespace in the reader's own; an id without one there is 4294967295",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::root}}) {
  Actor one = spawn_mapped(t, 100000, 1000);
  Actor two = spawn_mapped(t, 100500, 1000);
  auto row = [](std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    return fmt::format("{:>10} {:>10} {:>10}\n", a, b, c);
  };
  t.expect("read by the parent", setup(sys::read_file(proc_file(one, "uid_map"))),
           row(0, 100000, 1000));
  const auto own = [] { return sys::read_file("/proc/self/uid_map"); };
  t.expect("read from inside", setup(one(own)), row(0, 100000, 1000));
  const Text path_one = proc_file(one, "uid_map");
  const Text path_two = proc_file(two, "uid_map");
  t.expect("one's, read by the other",
           setup(two([path_one] { return sys::read_file(path_one.str()); })),
           row(0, 4294967295, 1000));
  t.expect("the other's, read by one",
           setup(one([path_two] { return sys::read_file(path_two.str()); })), row(0, 500, 1000));
}

NSVET_CHECK(map_self_rules,
            {.id = "user.map.own",
             .title = "Without privilege a process can map its own id alone",
             .rule = "from inside, or by an unprivileged parent, one line with the writer's own "
                     "effective id is accepted; other ids, two lines and longer ranges are EPERM",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  // Without CAP_SETFCAP root could not map its own id either, which is another rule.
  const bool root = ::geteuid() == 0;
  const auto uid = root ? 1000 : ::geteuid();
  const auto gid = root ? 1000 : ::getegid();
  Actor plain = t.spawn();
  if (root) setup(plain([] { return sys::become_user(1000, 1000); }));
  auto try_map = [&](const char* file, const std::string& map, bool from_inside, bool deny) {
    Actor inside = plain.spawn({.flags = CLONE_NEWUSER});
    if (deny) setup(sys::write_file(proc_file(inside, "setgroups"), "deny"));
    const Text path = from_inside ? fmt::format("/proc/self/{}", file) : proc_file(inside, file);
    const Text text = map;
    const auto write = [path, text] { return sys::write_file(path.str(), text.str()); };
    return from_inside ? inside(write) : plain(write);
  };
  for (const bool from_inside : {true, false}) {
    const std::string by = from_inside ? "from inside" : "by the parent";
    t.expect_success(by + ", own uid",
                     try_map("uid_map", fmt::format("0 {} 1", uid), from_inside, false));
    t.expect_errno(by + ", another uid",
                   try_map("uid_map", fmt::format("0 {} 1", uid + 1), from_inside, false), EPERM);
    t.expect_errno(by + ", two uids",
                   try_map("uid_map", fmt::format("0 {} 2", uid), from_inside, false), EPERM);
    t.expect_errno(
        by + ", two lines",
        try_map("uid_map", fmt::format("0 {} 1\n1 {} 1\n", uid, uid + 1), from_inside, false),
        EPERM);
    t.expect_errno(by + ", own gid while setgroups is allowed",
                   try_map("gid_map", fmt::format("0 {} 1", gid), from_inside, false), EPERM);
    t.expect_success(by + ", own gid after \"deny\"",
                     try_map("gid_map", fmt::format("0 {} 1", gid), from_inside, true));
    t.expect_errno(by + ", another gid after \"deny\"",
                   try_map("gid_map", fmt::format("0 {} 1", gid + 1), from_inside, true), EPERM);
  }
}

NSVET_CHECK(map_needs_capabilities,
            {.id = "user.map.capabilities",
             .title = "CAP_SETUID, CAP_SETGID and CAP_SETFCAP decide on maps of other ids",
             .rule = "the parent's root maps any ids with CAP_SETUID (uid_map) and CAP_SETGID "
                     "(gid_map); a map of uid 0 needs CAP_SETFCAP as well",
             .source = "user_namespaces(7), capabilities(7)",
             .types = {NsType::user},
             .needs = {Need::root}}) {
  auto try_map = [&](int dropped, const char* file, const char* map) {
    Actor parent = t.spawn();
    // The writer must not be the maker, whose own id is another rule.
    setup(parent([] { return result_of(::setegid(1), "setegid()"); }));
    Actor inside = parent.spawn({.flags = CLONE_NEWUSER});
    if (dropped >= 0) setup(parent([dropped] { return sys::drop_capability(dropped); }));
    const Text path = proc_file(inside, file);
    const Text text = std::string(map);
    return parent([path, text] { return sys::write_file(path.str(), text.str()); });
  };
  t.expect_success("uid_map with all", try_map(-1, "uid_map", "0 1000 10"));
  t.expect_errno("uid_map without CAP_SETUID", try_map(CAP_SETUID, "uid_map", "0 1000 10"), EPERM);
  t.expect_success("uid_map without CAP_SETGID", try_map(CAP_SETGID, "uid_map", "0 1000 10"));
  t.expect_success("gid_map with all", try_map(-1, "gid_map", "0 1000 10"));
  t.expect_errno("gid_map without CAP_SETGID", try_map(CAP_SETGID, "gid_map", "0 1000 10"), EPERM);
  t.expect_success("gid_map without CAP_SETUID", try_map(CAP_SETUID, "gid_map", "0 1000 10"));
  t.expect_success("uid 0 with all", try_map(-1, "uid_map", "0 0 1"));
  t.expect_errno("uid 0 without CAP_SETFCAP", try_map(CAP_SETFCAP, "uid_map", "0 0 1"), EPERM);
  t.expect_errno("uid 0 in a range without CAP_SETFCAP", try_map(CAP_SETFCAP, "uid_map", "5 0 10"),
                 EPERM);
  t.expect_success("other uids without CAP_SETFCAP", try_map(CAP_SETFCAP, "uid_map", "0 1000 10"));
}

NSVET_CHECK(map_writer,
            {.id = "user.map.writer",
             .title = "Only the parent and the namespace itself write a map",
             .rule = "a process in a sibling or in the grandparent cannot write a map (EPERM), and "
                     "ids must have a map in the parent",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::root}}) {
  Actor parent = spawn_mapped(t, 100000, 1000);
  Actor inside = parent.spawn({.flags = CLONE_NEWUSER});
  // The pid as we see it: all are in one PID namespace.
  const auto path = proc_file(inside, "uid_map");
  t.expect_errno("by the grandparent", sys::write_file(path, "0 0 1"), EPERM);
  const Text text_path = path;
  Actor sibling = spawn_mapped(t, 100000, 1000);
  t.expect_errno("by a sibling of the parent", sibling([text_path] {
                                                 return sys::write_file(text_path.str(), "0 0 1");
                                               }).map_error([](auto e) {
    if (e.number == EACCES) e.number = EPERM;
    return e;
  }),
                 EPERM);
  t.expect_errno("ids that the parent lacks",
                 parent([text_path] { return sys::write_file(text_path.str(), "0 500 1000"); }),
                 EPERM);
  t.expect_success("ids that it has",
                   parent([text_path] { return sys::write_file(text_path.str(), "0 500 500"); }));
  t.expect("map as the parent's parent sees it", setup(sys::read_file(path)),
           fmt::format("{:>10} {:>10} {:>10}\n", 0, 100500, 500));
}

NSVET_CHECK(projid, {.id = "user.map.projid",
                     .title = "Project ids are mapped by whoever can write, once",
                     .rule = "projid_map starts empty, needs no privilege, and is written once",
                     .source = "user_namespaces(7)",
                     .types = {NsType::user},
                     .needs = {Need::userns}}) {
  Actor plain = t.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  Actor inside = plain.spawn({.flags = CLONE_NEWUSER});
  const auto write = [](const char* text) {
    return [text] { return sys::write_file("/proc/self/projid_map", text); };
  };
  t.expect("at first", setup(inside([] { return sys::read_file("/proc/self/projid_map"); })), "");
  t.expect_errno("overlapping", inside(write("0 5 10\n5 50 10\n")), EINVAL);
  t.expect_success("any ids", inside(write("0 5 10")));
  t.expect("map", setup(inside([] { return sys::read_file("/proc/self/projid_map"); })),
           fmt::format("{:>10} {:>10} {:>10}\n", 0, 5, 10));
  t.expect_errno("again", inside(write("0 5 10")), EPERM);
}

}  // namespace
}  // namespace nsvet::probe
