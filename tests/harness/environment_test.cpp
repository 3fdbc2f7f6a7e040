#include "harness/environment.h"

#include <gtest/gtest.h>

namespace nsvet::harness {
namespace {

TEST(Compiler, StandsInTheSecondParentheses) {
  EXPECT_EQ(compiler_of("Linux version 7.3.4+deb13-cloud-amd64 (debian-kernel@lists.debian.org) "
                        "(x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0, GNU ld (GNU Binutils "
                        "for Debian) 2.44) #1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1 (2026-11-15)"),
            "x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0");
  EXPECT_EQ(compiler_of("Linux version 6.1 (a@b) (Debian clang version 16.0.6, Debian LLD 16) #1"),
            "Debian clang version 16.0.6");
}

TEST(Compiler, IsEmptyWhereNoneIsNamed) {
  EXPECT_EQ(compiler_of(""), "");
  EXPECT_EQ(compiler_of("Linux version 6.1 (a@b) #1 SMP"), "");
}

TEST(Environment, NamesTheRunningKernel) {
  EXPECT_FALSE(local_environment().kernel["release"].empty());
}

}  // namespace
}  // namespace nsvet::harness
