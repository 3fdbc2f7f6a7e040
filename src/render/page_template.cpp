#include "render/page_template.h"

// The assembler reads the file: as a string literal it would be megabytes for the compiler.
asm(R"(
  .section .rodata
  .global nsvet_page_begin
  .global nsvet_page_end
nsvet_page_begin:
  .incbin ")" NSVET_PAGE_TEMPLATE R"("
nsvet_page_end:
  .byte 0
  .text
)");

extern "C" {
extern const char nsvet_page_begin[];
extern const char nsvet_page_end[];
}

namespace nsvet::render {
namespace {

constexpr std::string_view kPlace = "@DATA@";

std::string_view whole() {
  return {nsvet_page_begin, static_cast<std::size_t>(nsvet_page_end - nsvet_page_begin)};
}

}  // namespace

std::string_view page_head() { return whole().substr(0, whole().find(kPlace)); }

std::string_view page_tail() { return whole().substr(whole().find(kPlace) + kPlace.size()); }

}  // namespace nsvet::render
