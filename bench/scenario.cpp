// The loops with which kernel developers show in commit messages what a change is worth.
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/benchmark.h"

namespace nsvet::measure {
namespace {

// One unshare after the other in one process: each frees what the one before has made.
Sample timed_loop(int count, std::uint64_t flags) {
  return timed([&] {
    for (int i = 0; i < count; ++i) {
      if (::syscall(SYS_unshare, flags) != 0) return -1;
    }
    return 0;
  });
}

// unshare -n /bin/true, without the programs.
int make_net_and_end(int count) {
  for (int i = 0; i < count; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(::syscall(SYS_unshare, CLONE_NEWNET) == 0 ? 0 : 1);
    int status = 0;
    if (pid < 0 || ::waitpid(pid, &status, 0) < 0 || status != 0) return -1;
  }
  return 0;
}

NSVET_BENCHMARK(ipc_loop, {.id = "scenario/ipc_loop:100",
                           .title = "100 times unshare(CLONE_NEWIPC)",
                           .timed = "the loop; commit e1eb26fa62d0 took 1000 from 8.05 s to 0.03 s",
                           .source = "kernel commits e1eb26fa62d0, da27f796a832",
                           .types = {NsType::ipc}}) {
  m.take_few([&] { return in_child([] { return timed_loop(100, CLONE_NEWIPC); }); });
}

NSVET_BENCHMARK(ipc_loop_full, {.id = "scenario/ipc_loop:1000",
                                .title = "1000 times unshare(CLONE_NEWIPC)",
                                .timed = "the loop",
                                .source = "kernel commits e1eb26fa62d0, da27f796a832",
                                .types = {NsType::ipc},
                                .profile = Profile::full}) {
  m.take_few([&] { return in_child([] { return timed_loop(1000, CLONE_NEWIPC); }); });
}

NSVET_BENCHMARK(net_loop, {.id = "scenario/net_loop:10",
                           .title = "10 times a process that unshares its network and ends",
                           .timed = "fork(2), unshare(CLONE_NEWNET), exit, waitpid(2), 10 times",
                           .source = "kernel commits 8ca712c373a4, d7d99872c144, 4caaf75888d8",
                           .types = {NsType::net}}) {
  m.take_few([] { return timed([] { return make_net_and_end(10); }); });
}

NSVET_BENCHMARK(net_loop_full, {.id = "scenario/net_loop:100",
                                .title = "100 times a process that unshares its network and ends",
                                .timed = "fork(2), unshare(CLONE_NEWNET), exit, waitpid(2)",
                                .source = "kernel commits 8ca712c373a4, d7d99872c144, 4caaf75888d8",
                                .types = {NsType::net},
                                .profile = Profile::full}) {
  m.take_few([] { return timed([] { return make_net_and_end(100); }); });
}

void mount_loop(Measurement& m, int count) {
  if (auto in = enter_new(CLONE_NEWNS); !in) return m.fail(in.error());
  if (auto on = sys::mount("tmpfs", "/tmp", "tmpfs", 0); !on) return m.fail(on.error());
  std::vector<std::string> folders;
  for (int i = 0; i < count; ++i) folders.push_back(fmt::format("/tmp/{}", i));
  for (const auto& folder : folders) {
    if (auto made = sys::make_directory(folder); !made) return m.fail(made.error());
  }
  m.take_few([&] {
    return timed([&] {
      for (const auto& folder : folders) {
        if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, nullptr) != 0) return -1;
      }
      for (const auto& folder : folders) {
        if (::umount2(folder.c_str(), 0) != 0) return -1;
      }
      return 0;
    });
  });
}

NSVET_BENCHMARK(mounts, {.id = "scenario/mount_umount:50",
                         .title = "50 tmpfs mounted, then unmounted",
                         .timed = "50 mount(2) and 50 umount2(2)",
                         .source = "kernel commit 22cb7405fada",
                         .types = {NsType::mnt}}) {
  mount_loop(m, 50);
}

NSVET_BENCHMARK(mounts_full,
                {.id = "scenario/mount_umount:5000",
                 .title = "5000 tmpfs mounted, then unmounted",
                 .timed = "5000 mount(2) and 5000 umount2(2); commit 22cb7405fada took "
                          "umount from 100 s to 0.6 s",
                 .source = "kernel commit 22cb7405fada",
                 .types = {NsType::mnt},
                 .profile = Profile::full}) {
  mount_loop(m, 5000);
}

}  // namespace
}  // namespace nsvet::measure
