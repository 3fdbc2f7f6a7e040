#include "render/charts.h"

namespace nsvet::render {
namespace {

using Json = nlohmann::ordered_json;

Json field(std::string_view name, std::string_view type, Json more = Json::object()) {
  Json channel{{"field", name}, {"type", type}};
  channel.update(more);
  return channel;
}

// Kernels stand in the order of the rows: that of their releases.
Json kernel_axis() {
  return field("kernel", "ordinal",
               {{"sort", nullptr}, {"title", nullptr}, {"axis", {{"labelAngle", -40}}}});
}

Json kernel_colour() {
  return field("kernel", "nominal",
               {{"sort", nullptr}, {"title", "kernel"}, {"scale", Json::object()}});
}

Json chart(Json parts) {
  Json spec{{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
            {"data", {{"values", Json::array()}}}};
  spec.update(parts);
  return spec;
}

Json tooltip(std::initializer_list<std::string_view> names) {
  Json channels = Json::array();
  for (const auto name : names) channels.push_back({{"field", name}});
  return channels;
}

// Gives every colour scale in the spec the kernels and their colours.
void colour(Json& spec, const View& view) {
  if (spec.is_object() && spec.value("title", Json()) == "kernel" && spec.contains("scale")) {
    spec["scale"] = {{"domain", view.kernels}, {"range", view.colours}};
  }
  if (!spec.is_structured()) return;
  for (auto& part : spec) colour(part, view);
}

// Gives the axis that stands for it the unit of what was measured.
void name_unit(Json& spec, std::string_view unit) {
  if (spec.is_object() && spec.value("title", Json()) == "unit") spec["title"] = unit;
  if (!spec.is_structured()) return;
  for (auto& part : spec) name_unit(part, unit);
}

}  // namespace

Json changes_chart() {
  const Json ticks{0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1,
                   1.1,  1.25, 1.5,  2,   3,   5,    10,  20,   50,  100};
  return chart(
      {{"width", 420},
       {"height", {{"step", 15}}},
       {"encoding",
        {{"y", field("operation", "nominal",
                     {{"sort", nullptr}, {"title", nullptr}, {"axis", {{"labelLimit", 260}}}})}}},
       {"layer",
        {{{"mark", {{"type", "rule"}, {"strokeDash", {3, 3}}, {"opacity", 0.6}}},
          {"encoding", {{"x", {{"datum", 1}}}, {"y", nullptr}}}},
         {{"mark", {{"type", "point"}, {"filled", true}, {"size", 60}, {"opacity", 0.9}}},
          {"encoding",
           {{"x", field("ratio", "quantitative",
                        {{"title", "cost, as a multiple of the base's"},
                         {"scale", {{"type", "log"}}},
                         {"axis", {{"values", ticks}, {"format", "~g"}, {"labelOverlap", true}}}})},
            {"color", kernel_colour()},
            {"tooltip", tooltip({"operation", "kernel", "before", "after"})}}}}}}});
}

Json costs_chart() {
  return chart(
      {{"width", {{"step", 30}}},
       {"height", 130},
       {"encoding",
        {{"x", kernel_axis()},
         {"tooltip", tooltip({"operation", "kernel", "cost", "low", "high"})}}},
       {"layer",
        {{{"mark", {{"type", "line"}, {"opacity", 0.5}, {"color", "#888888"}}},
          {"encoding", {{"y", field("cost", "quantitative")}}}},
         {{"mark", {{"type", "rule"}, {"strokeWidth", 2}}},
          {"encoding",
           {{"y", field("low", "quantitative", {{"title", "unit"}})},
            {"y2", {{"field", "high"}}},
            {"color", kernel_colour()}}}},
         {{"mark", {{"type", "point"}, {"filled", true}, {"size", 50}, {"opacity", 1}}},
          {"encoding", {{"y", field("cost", "quantitative")}, {"color", kernel_colour()}}}}}}});
}

Json distribution_chart() {
  return chart({{"width", 220},
                {"height", 130},
                {"mark", {{"type", "line"}, {"interpolate", "step-after"}, {"strokeWidth", 2}}},
                {"encoding",
                 {{"x", field("cost", "quantitative",
                              {{"title", "unit"}, {"scale", {{"zero", false}, {"nice", false}}}})},
                  {"y", field("share", "quantitative",
                              {{"title", "share of calls"}, {"axis", {{"format", ".0%"}}}})},
                  {"color", kernel_colour()},
                  {"tooltip", tooltip({"kernel", "cost", "share"})}}}});
}

Json curve_chart() {
  return chart({{"width", 260},
                {"height", 170},
                {"mark", {{"type", "line"}, {"point", {{"size", 30}}}}},
                {"encoding",
                 {{"x", field("at", "quantitative", {{"title", "argument"}})},
                  {"y", field("cost", "quantitative", {{"title", "unit"}})},
                  {"color", kernel_colour()},
                  {"tooltip", tooltip({"operation", "kernel", "cost", "low", "high"})}}}});
}

Json faceted(Json chart) {
  Json inner = Json::object();
  for (const char* const part : {"width", "height", "mark", "layer", "encoding"}) {
    if (!chart.contains(part)) continue;
    inner[part] = std::move(chart[part]);
    chart.erase(part);
  }
  chart["facet"] =
      field("operation", "nominal",
            {{"sort", nullptr}, {"title", nullptr}, {"header", {{"labelFontWeight", "bold"}}}});
  chart["columns"] = 4;
  chart["spec"] = std::move(inner);
  chart["resolve"] = {{"scale", {{"x", "independent"}, {"y", "independent"}}}};
  return chart;
}

void dress(Json& spec, const View& view, std::string_view unit) {
  colour(spec, view);
  name_unit(spec, unit);
}

}  // namespace nsvet::render
