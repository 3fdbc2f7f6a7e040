#include "explain/profile.h"

#include <gmock/gmock.h>

#include <cstring>
#include <string>

#include "explain/print.h"
#include "explain/trace.h"

namespace nsvet::explain {
namespace {

constexpr std::uint64_t kUser = 0x401000;
constexpr std::uint64_t kEntry = 0xffffffff81000000;
constexpr std::uint64_t kCaller = 0xffffffff81001000;
constexpr std::uint64_t kCallee = 0xffffffff81002000;
constexpr std::uint64_t kTail = 0xffffffff81003000;
constexpr std::uint64_t kFaultEntry = 0xffffffff81004000;
constexpr std::uint64_t kIrq = 0xffffffff81005000;

Symbols symbols() {
  return Symbols::parse(
             "ffffffff81000000 T entry_SYSCALL_64\n"
             "ffffffff81001000 t caller.isra.0\n"
             "ffffffff81001ff0 t __pfx_callee\n"
             "ffffffff81002000 T callee\n"
             "ffffffff81003000 t tail\t[veth]\n"
             "ffffffff81004000 T asm_exc_page_fault\n"
             "ffffffff81005000 T irq_entries_start\n"
             "ffffffff81005100 d data\n")
      .value();
}

// One-byte NOPs, and at the end what the last instruction is.
const std::string kCall("\xe8\0\0\0\0", 5);
const std::string kRet("\xc3");
const std::string kSyscall("\x0f\x05");
const std::string kSysret("\x48\x0f\x07");
const std::string kIret("\x48\xcf");
const std::string kNop("\x90");

class Recorder {
 public:
  /// @param begun how many of its instructions were begun; 0: all
  void block(std::uint64_t address, std::size_t size, const std::string& last,
             std::uint32_t begun = 0) {
    Block block;
    for (std::size_t i = 0; i < size; ++i) {
      const std::string& code = i + 1 == size ? last : kNop;
      auto& instruction = block.emplace_back();
      instruction.address = address;
      instruction.size = static_cast<std::uint8_t>(code.size());
      std::memcpy(instruction.bytes.data(), code.data(), code.size());
      address += code.size();
    }
    window_.steps.push_back({static_cast<std::uint32_t>(trace_.blocks.size()),
                             begun == 0 ? static_cast<std::uint32_t>(size) : begun});
    trace_.blocks.push_back(std::move(block));
  }
  Profile profile() const {
    const auto names = symbols();
    return Profiler(trace_, names).profile(window_);
  }
  std::int64_t count() const {
    const auto names = symbols();
    return Profiler(trace_, names).count(window_);
  }

 private:
  Trace trace_;
  Window window_;
};

std::string stacks(const Profile& profile) {
  Explained explained;
  explained.profile = profile;
  return folded(explained);
}

TEST(Profile, FollowsCallsAndReturns) {
  Recorder r;
  r.block(kUser, 3, kSyscall);
  r.block(kEntry, 2, kCall);
  r.block(kCaller, 4, kCall);
  r.block(kCallee, 5, kRet);
  r.block(kCaller + 8, 2, kRet);
  r.block(kEntry + 6, 1, kSysret);
  r.block(kUser + 4, 1, kNop);
  const auto profile = r.profile();
  EXPECT_EQ(profile.total, 18);
  EXPECT_EQ(profile.self_of("caller"), 6);
  EXPECT_EQ(profile.inclusive_of("caller"), 11);
  EXPECT_EQ(stacks(profile),
            "[program] 4\n"
            "[program];entry_SYSCALL_64 3\n"
            "[program];entry_SYSCALL_64;caller 6\n"
            "[program];entry_SYSCALL_64;caller;callee 5\n");
}

TEST(Profile, ATailCallReplacesItsCaller) {
  Recorder r;
  r.block(kEntry, 1, kCall);
  r.block(kCaller, 2, kNop);
  r.block(kTail, 3, kRet);
  r.block(kEntry + 5, 1, kNop);
  EXPECT_EQ(stacks(r.profile()),
            "entry_SYSCALL_64 2\n"
            "entry_SYSCALL_64;caller 2\n"
            "entry_SYSCALL_64;tail [veth] 3\n");
}

TEST(Profile, AFaultingInstructionCountsOnceAndItsHandlerApart) {
  Recorder r;
  r.block(kCaller, 6, kNop, 3);  // The third one faults...
  r.block(kFaultEntry, 4, kIret);
  r.block(kCaller + 2, 4, kNop);  // ...and is begun again.
  const auto profile = r.profile();
  EXPECT_EQ(r.count(), 10);
  EXPECT_EQ(profile.total, 10);
  EXPECT_EQ(profile.self_of("caller"), 6);
  EXPECT_EQ(profile.inclusive_of(kFault), 4);
}

TEST(Profile, AFaultAtTheEndOfABlockIsNotCountedEither) {
  Recorder r;
  r.block(kCaller, 3, kRet);
  r.block(kFaultEntry, 4, kIret);
  r.block(kCaller + 2, 1, kRet);
  EXPECT_EQ(r.count(), 7);
}

TEST(Profile, DeviceAccessEndsABlockEarlyButIsDone) {
  Recorder r;
  r.block(kCaller, 6, kNop, 3);
  r.block(kCaller + 3, 3, kNop);
  EXPECT_EQ(r.count(), 6);
}

TEST(Profile, AnInterruptGoesBackToWhatItInterrupted) {
  Recorder r;
  r.block(kEntry, 1, kCall);
  r.block(kCaller, 2, kNop);
  r.block(kIrq + 8, 3, kIret);
  r.block(kCaller + 2, 1, kRet);
  r.block(kEntry + 5, 1, kNop);
  const auto profile = r.profile();
  EXPECT_EQ(profile.inclusive_of(kInterrupt), 3);
  EXPECT_EQ(profile.self_of("caller"), 3);
  EXPECT_EQ(profile.inclusive_of("entry_SYSCALL_64"), 8);
}

TEST(Profile, RecursionIsInclusiveOnce) {
  Recorder r;
  r.block(kCaller, 1, kCall);
  r.block(kCallee, 1, kCall);
  r.block(kCallee, 1, kRet);
  r.block(kCallee + 5, 1, kRet);
  r.block(kCaller + 5, 1, kNop);
  EXPECT_EQ(r.profile().inclusive_of("callee"), 3);
}

TEST(Symbols, HidesNeitherAddressesNorAbsence) {
  EXPECT_FALSE(Symbols::parse(""));
  EXPECT_FALSE(Symbols::parse("0000000000000000 T hidden\n"));
}

TEST(Difference, NamesNewAndVanishedFunctions) {
  Recorder before;
  before.block(kCaller, 4, kNop);
  Recorder after;
  after.block(kCallee, 7, kNop);
  Explained base;
  base.profile = before.profile();
  Explained now;
  now.profile = after.profile();
  const auto text = difference(base, now, 10);
  EXPECT_THAT(text, testing::ContainsRegex("[+]7 .*new  callee"));
  EXPECT_THAT(text, testing::ContainsRegex("-4 .*gone  caller"));
}

TEST(Summary, AddsUpAndLeavesOutWhatCostsLittle) {
  const Explained e{
      .kernel = "k",
      .benchmark = "b",
      .figure = 112,
      .profile = {.total = 100,
                  .nodes = {{.name = "", .children = {1}, .inclusive = 100},
                            {.name = "[program]", .children = {2, 3}, .self = 10, .inclusive = 100},
                            {.name = "f", .parent = 1, .self = 88, .inclusive = 88},
                            {.name = "g", .parent = 1, .self = 2, .inclusive = 2}},
                  .functions = {{"f", 1, 88, 88}, {"[program]", 1, 10, 100}, {"g", 1, 2, 2}}}};
  const auto kept = summary(e, 2, 5);
  EXPECT_EQ(kept.figure, 112);
  EXPECT_THAT(kept.functions, testing::ElementsAre(model::FunctionShare{"f", 88},
                                                   model::FunctionShare{"[idle]", 12}));
  EXPECT_EQ(kept.rest, 12);
  EXPECT_THAT(kept.calls, testing::ElementsAre(model::ProfileCall{"[program]", 0, 100},
                                               model::ProfileCall{"f", 1, 88},
                                               model::ProfileCall{"[idle]", 0, 12}));
}

template <class T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// A block of two instructions, and a window of benchmark 3 in which it is executed twice.
std::string small_trace() {
  std::string bytes;
  append(bytes, wire::Record{wire::kBegin, 3});
  append(bytes, wire::Record{wire::kBlock, 2});
  append(bytes, wire::Instruction{});
  append(bytes, wire::Instruction{});
  append(bytes, wire::Record{0, 2});
  append(bytes, wire::Record{0, 1});
  append(bytes, wire::Record{wire::kEnd, 0});
  return bytes;
}

TEST(TraceReader, TakesWhatIsWrittenByteByByte) {
  TraceReader reader;
  for (const char byte : small_trace()) ASSERT_TRUE(reader.take({&byte, 1}));
  ASSERT_EQ(reader.trace().windows.size(), 1U);
  EXPECT_EQ(reader.trace().windows[0].benchmark, 3U);
  ASSERT_EQ(reader.trace().windows[0].steps.size(), 2U);
  EXPECT_EQ(reader.trace().windows[0].steps[1].begun, 1U);
}

TEST(TraceReader, ForgetsAWindowThatHasNoEnd) {
  TraceReader reader;
  std::string bytes;
  append(bytes, wire::Record{wire::kBegin, 2});
  ASSERT_TRUE(reader.take(bytes + small_trace()));
  ASSERT_EQ(reader.trace().windows.size(), 1U);
  EXPECT_EQ(reader.trace().windows[0].benchmark, 3U);
}

TEST(TraceReader, RefusesWhatIsGarbled) {
  for (const auto& record : {wire::Record{7, 1}, wire::Record{wire::kBlock, 0x7fffffff},
                             wire::Record{wire::kBlock, 0}, wire::Record{wire::kEnd, 0}}) {
    std::string bytes;
    append(bytes, record);
    EXPECT_FALSE(TraceReader().take(bytes)) << record.tag;
  }
}

}  // namespace
}  // namespace nsvet::explain
