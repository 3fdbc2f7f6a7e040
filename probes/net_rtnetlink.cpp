#include <arpa/inet.h>
#include <net/if.h>

#include "net.h"

namespace nsvet::probe {

sockaddr_in address_of(std::uint8_t last, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(0x0A2F0000U | last);
  return address;
}

sys::Result<> add_address(std::string_view name, std::uint8_t last) {
  const auto index = link_index(name);
  if (!index) return tl::unexpected(index.error());
  ifaddrmsg message{};
  message.ifa_family = AF_INET;
  message.ifa_prefixlen = 24;
  message.ifa_index = *index;
  const auto address = static_cast<std::int32_t>(address_of(last, 0).sin_addr.s_addr);
  return LinkRequest(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL)
      .fixed(message)
      .number(IFA_LOCAL, address)
      .number(IFA_ADDRESS, address)
      .send();
}

sys::Result<unsigned> link_index(std::string_view name) {
  const unsigned index = ::if_nametoindex(std::string(name).c_str());
  if (index == 0) return sys::last_error("if_nametoindex({})", name);
  return index;
}

bool has_link(std::string_view name) { return bool(link_index(name)); }

void need_device_type(const sys::Result<>& made) {
  if (!made && made.error().number == EOPNOTSUPP) {
    Check::skip(std::string(model::kNoModule));
  }
  require(made);
}

}  // namespace nsvet::probe
