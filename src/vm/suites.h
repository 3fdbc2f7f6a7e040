// Kernels that the distribution's suites offer, through apt with the distribution's keyring and
// package lists of our own: suites that the host does not use can serve, and its state stays as
// it is.
#pragma once

#include <string>
#include <vector>

#include "model/error.h"
#include "sys/file.h"

namespace nsvet::vm {

struct Offer {
  std::string release;                ///< As in the package's name, "6.12.117+deb13-cloud-amd64".
  std::string version;                ///< Upstream, "6.12.117".
  std::string package_version;        ///< "6.12.117-1"
  std::vector<std::string> packages;  ///< All that hold parts of it.
  std::string source() const;
};

/// The cloud flavours on offer, oldest first. Package lists are refreshed when a day old.
model::Result<std::vector<Offer>> kernels_on_offer();

/// @param text what `apt-cache show` prints
std::vector<Offer> parse_offers(const std::string& text);

struct Download {
  sys::TempDir folder;
  std::vector<std::string> files;
};
model::Result<Download> download(const Offer& offer);

}  // namespace nsvet::vm
