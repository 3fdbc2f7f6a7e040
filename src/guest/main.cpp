// The guest's /init: mounts what programs need, loads modules, runs the plan, and ends the guest.
#include <fcntl.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "guest/plan.h"
#include "guest/port.h"
#include "harness/runner.h"
#include "model/event.h"
#include "sys/call.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::guest {
namespace {

void mount_all() {
  struct Row {
    const char* type;
    const char* target;
    const char* data = "";
  };
  // Best effort: what a kernel lacks shows in the checks that need it.
  for (const Row& row : {Row{"proc", "/proc"}, Row{"sysfs", "/sys"}, Row{"devtmpfs", "/dev"},
                         Row{"tmpfs", "/tmp"}, Row{"cgroup2", "/sys/fs/cgroup", "nsdelegate"}}) {
    (void)sys::mount(row.type, row.target, row.type, MS_NOSUID, row.data);
  }
  (void)::chmod("/tmp", 01777);
}

void load_modules() {
  for (const auto& name : sys::list_directory("/modules").value_or(std::vector<std::string>{})) {
    const auto fd = sys::open("/modules/" + name, O_RDONLY);
    if (fd) ::syscall(SYS_finit_module, fd->get(), "", 0);
  }
}

// Best effort: what chance has left in caches goes, and the page allocator's lists for the CPU
// become so long that no call pays for refilling or emptying them in batches.
void settle_memory() {
  (void)sys::write_file("/proc/sys/vm/percpu_pagelist_high_fraction", "8");
  (void)sys::write_file("/proc/sys/vm/percpu_pagelist_fraction", "8");  // Its name before 5.14.
  (void)sys::write_file("/proc/sys/vm/drop_caches", "3");
}

// Since 6.12 the deadline server of the fair class starts its timer when a first worker becomes
// runnable, in some calls and not in others: 500 instructions of umount(2). Best effort.
void stop_fair_server() {
  constexpr const char* kDebugfs = "/sys/kernel/debug";
  if (!sys::mount("debugfs", kDebugfs, "debugfs", 0, "")) return;
  (void)sys::write_file(std::string(kDebugfs) + "/sched/fair_server/cpu0/runtime", "0");
  (void)::umount2(kDebugfs, 0);
}

// The kernel numbers namespaces by the first bit that is free in a bitmap (proc_alloc_inum()), and
// a word more to look at is 7 instructions of each unshare(2). How many numbers are taken differs
// between kernels, and by a few between boots: so many namespaces are held that the next number is
// the same one of a bitmap of its own (IDA_BITMAP_BITS), and well inside a word.
std::vector<sys::Fd> hold_inodes() {
  constexpr ino_t kBitmap = 1024;
  constexpr ino_t kInside = 16;  // A hundred more, as curves have them, reach the next word only.
  constexpr ino_t kWord = 64;    // With fewer the bitmap is no bitmap yet, but a value (lib/idr.c).
  constexpr const char* kOwn = "/proc/self/ns/uts";
  constexpr const char* kMost = "/proc/sys/user/max_uts_namespaces";
  // They are none of those that a benchmark may make.
  const auto most = sys::read_file(kMost).value_or("");
  if (!most.empty()) {
    (void)sys::write_file(kMost, std::to_string(std::atol(most.c_str()) + kBitmap + kWord));
  }
  // Above all others, which keep their numbers and the limit that programs inherit.
  rlimit usual{};
  if (::getrlimit(RLIMIT_NOFILE, &usual) != 0) return {};
  const rlimit more{.rlim_cur = usual.rlim_max, .rlim_max = usual.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &more);
  std::vector<sys::Fd> held;
  std::size_t kept = 0;
  const auto home = sys::open(kOwn, O_RDONLY);
  for (ino_t tries = 0; home && tries < kBitmap + kWord; ++tries) {
    if (::unshare(CLONE_NEWUTS) != 0) break;
    const auto fd = sys::open(kOwn, O_RDONLY);
    struct stat about {};
    if (!fd || ::fstat(fd->get(), &about) != 0) break;
    held.emplace_back(::fcntl(fd->get(), F_DUPFD_CLOEXEC, static_cast<int>(usual.rlim_cur)));
    if (about.st_ino % kBitmap == kInside) kept = held.size();
    if (kept != 0 && about.st_ino % kBitmap == kInside + kWord) break;
  }
  if (home) (void)::setns(home->get(), CLONE_NEWUTS);
  held.resize(kept);
  ::setrlimit(RLIMIT_NOFILE, &usual);
  return held;
}

// Until the kernel's random generator is initialised (random(4)), each number of it costs a hash of
// all that was gathered; when that ends is chance, and calls would cost something else after it.
void initialise_random() {
  constexpr std::size_t kWords = 16;
  std::array<std::uint32_t, 2 + kWords> pool{kWords * 32, kWords * 4};  // struct rand_pool_info
  for (std::uint32_t i = 0; i < kWords; ++i) pool[2 + i] = i * 0x9e3779b9U;
  const auto device = sys::open("/dev/random", O_WRONLY);
  if (device) (void)::ioctl(device->get(), RNDADDENTROPY, pool.data());
}

// Sequences of operations instead of a plan: their runner reports by itself.
int explore() {
  auto child = sys::Child::spawn([] {
    char* const argv[] = {const_cast<char*>("nsvet-explore"), const_cast<char*>("/explore.txt"),
                          const_cast<char*>("--port"), nullptr};
    ::execv("/nsvet/explore/nsvet-explore", argv);
    return 127;
  });
  return child && child->wait(std::chrono::hours(24)) ? 0 : 1;
}

// Asked for by a file of that name beside the plan. Lines that are not code are left behind: they
// are half of megabytes that leave byte by byte.
std::string kernel_code_symbols() {
  const auto all = sys::read_file("/proc/kallsyms").value_or(std::string());
  std::string code;
  for (std::string_view rest = all; !rest.empty();) {
    const auto line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    const auto type = line.find(' ') + 1;
    if (type < line.size() && std::string_view("tTwW").find(line[type]) != std::string_view::npos) {
      code += line;
    }
    rest.remove_prefix(line.size());
  }
  return code;
}

int run() {
  mount_all();
  Port port;
  if (!port.open()) {
    const int console = ::open("/dev/console", O_WRONLY);
    (void)sys::write_all(console,
                         "nsvet: this kernel has neither ioperm(2) nor /dev/port: no way to "
                         "report\n");
    return 1;
  }
  const auto send = [&](const model::Event& event) { port.write(model::encode(event) + "\n"); };
  load_modules();
  initialise_random();
  if (sys::exists("/kernel_symbols").value_or(false)) {
    send(model::KernelSymbols{kernel_code_symbols()});
  }
  if (sys::exists("/explore.txt").value_or(false)) return explore();
  const auto text = sys::read_file("/plan.json");
  auto plan = text ? plan_from_json(*text)
                   : model::Result<harness::RunPlan>(
                         tl::unexpected(model::Error{{}, to_string(text.error())}));
  if (!plan) {
    send(model::Trouble{plan.error().message});
    return 1;
  }
  plan->libexec = "/nsvet";
  std::vector<sys::Fd> held;
  if (plan->benchmarks && !plan->checks) {
    settle_memory();
    stop_fair_server();
    held = hold_inodes();
  }
  const auto done = harness::run_plan(*plan, send, [] { return true; });
  if (!done) send(model::Trouble{done.error().message});
  return done ? 0 : 1;
}

}  // namespace
}  // namespace nsvet::guest

int main() {
  nsvet::guest::run();
  ::sync();
  ::reboot(LINUX_REBOOT_CMD_RESTART);
  return 1;
}
