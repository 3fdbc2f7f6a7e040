#include "explore/reproducer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <span>

#include "sys/file.h"

namespace nsvet::explore {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = ::testing::TempDir() + "nsvet-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

 private:
  std::string path_;
};

std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), n);
  }
  const int status = ::pclose(pipe);
  return status == 0 ? output : fmt::format("status {}\n{}", status, output);
}

// What cc says, which is nothing when all is well.
std::string build(const Sequence& sequence, const Folder& folder) {
  const auto source = folder / "finding.c";
  EXPECT_TRUE(sys::replace_file(source, reproducer(sequence, "why\n")));
  return output_of(fmt::format("{} -Wall -Werror {} -o {}", NSVET_CC, source, folder / "finding"));
}

TEST(Reproducer, HoldsTheOperationsOfItsSequenceOnly) {
  const auto sequences =
      sequences_from_text("sequence a user\n0 sethostname alpha\n0 bind_mount /a /b REC\n", "text");
  ASSERT_TRUE(sequences);
  const auto program = reproducer(sequences->front(), "why\n");
  EXPECT_NE(program.find("OP(sethostname)"), std::string::npos);
  EXPECT_NE(program.find("OP(bind)"), std::string::npos);
  EXPECT_EQ(program.find("OP(uname)"), std::string::npos);
  EXPECT_EQ(program.find("#include \""), std::string::npos);
  EXPECT_NE(program.find("\"/b\""), std::string::npos);
}

TEST(Reproducer, EveryOperationBuilds) {
  const Folder folder;
  Sequence sequence{"all", true, {}};
  for (const op* operation : operations()) {
    sequence.steps.push_back({0, operation, {}});
    if (sequence.steps.size() < STEPS && operation != operations().back()) continue;
    EXPECT_EQ(build(sequence, folder), "");
    sequence.steps.clear();
  }
}

// A file's helpers, and what its operations need of them, must hold for one operation, too.
TEST(Reproducer, OneOperationOfEachFileBuilds) {
  const Folder folder;
  for (const group& rows : std::span(kGroups, static_cast<std::size_t>(kGroupCount))) {
    EXPECT_EQ(build({"one", false, {{0, rows.ops, {}}}}, folder), "") << rows.file;
  }
}

TEST(Reproducer, PrintsItsTraceAndLeavesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto sequences = sequences_from_text(
      "sequence a user\n0 clone a1 NEWUTS\n1 sethostname alpha\n0 uname\n1 uname\n", "text");
  ASSERT_TRUE(sequences);
  const Folder folder;
  ASSERT_EQ(build(sequences->front(), folder), "");
  const auto mounts = sys::read_file("/proc/self/mountinfo").value();
  EXPECT_EQ(output_of(folder / "finding"),
            "0 clone a1 NEWUTS = 2\n1 sethostname alpha = 0\n0 uname = 0 sandbox (none)\n"
            "1 uname = 0 alpha (none)\n");
  EXPECT_EQ(sys::read_file("/proc/self/mountinfo").value(), mounts);
}

}  // namespace
}  // namespace nsvet::explore
