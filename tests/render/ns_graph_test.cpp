#include "render/ns_graph.h"

#include <gtest/gtest.h>

#include "inspect/gather.h"
#include "model/schema.h"
#include "sys/file.h"

namespace nsvet::render {
namespace {

using model::NsPin;
using model::NsType;

const model::Schema& schema() {
  static const model::Schema schema(sys::read_file(NSVET_NAMESPACES_SCHEMA).value());
  return schema;
}

std::string violation(std::string_view text) { return schema().violation(text); }

TEST(NsGraphJson, MatchesItsSchemaWithEveryPin) {
  model::NsGraph graph;
  graph.nodes[102] = {
      .type = NsType::user,
      .inode = 102,
      .id = 7,
      .parent = 101,
      .owner = 101,
      .creator = 65534,
      .processes = {9, 10},
      .pins = {{.kind = NsPin::Kind::thread, .pid = 9, .number = 11},
               {.kind = NsPin::Kind::children, .pid = 9, .number = 9},
               {.kind = NsPin::Kind::fd, .pid = 9, .number = 0},
               {.kind = NsPin::Kind::socket, .pid = 9, .number = 3},
               {.kind = NsPin::Kind::mount, .pid = 9, .where = "/run/\xff", .mount_ns = 201}},
      .own = true};
  graph.nodes[103] = {.type = NsType::uts, .inode = 103};
  graph.limits["user.max_uts_namespaces"] = 4711;
  graph.notes = {"fds of 3 processes"};
  EXPECT_EQ(violation(json(graph, {})), "");
}

TEST(NsGraphJson, OfThisSystemMatchesItsSchema) {
  const auto graph = inspect::gather();
  ASSERT_TRUE(graph) << to_string(graph.error());
  EXPECT_EQ(violation(json(*graph, {})), "");
}

TEST(NsGraphSchema, RefusesWhatIsNoSuchDocument) {
  EXPECT_NE(violation(R"({"schema":"nsvet.namespaces/1"})"), "");
  // A descriptor's pin names a descriptor, not a thread.
  EXPECT_NE(violation(R"({"schema":"nsvet.namespaces/1","limits":{},"not_seen":[],
    "namespaces":[{"type":"uts","inode":1,"own":false,"orphan":true,"processes":[],
    "pins":[{"kind":"fd","pid":1,"tid":1}]}]})"),
            "");
}

}  // namespace
}  // namespace nsvet::render
