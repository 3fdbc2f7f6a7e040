#include "render/charts.h"

namespace nsvet::render {
namespace {

using Json = nlohmann::ordered_json;

Json field(std::string_view name, std::string_view type, const Json& more = Json::object()) {
  Json channel{{"field", name}, {"type", type}};
  channel.update(more);
  return channel;
}

Json kernel_axis() {
  return field("kernel", "ordinal",
               {{"sort", nullptr}, {"title", nullptr}, {"axis", {{"labelAngle", -40}}}});
}

Json kernel_colour() {
  return field("kernel", "nominal",
               {{"sort", nullptr}, {"title", "kernel"}, {"scale", Json::object()}});
}

Json chart(const Json& parts) {
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

// Visits every object in a spec.
template <class Visit>
void each_object(Json& spec, Visit visit) {
  if (spec.is_object()) visit(spec);
  if (!spec.is_structured()) return;
  for (auto& part : spec) each_object(part, visit);
}

}  // namespace

Json changes_chart() {
  const Json labels{{"labelLimit", 260}, {"domain", false}, {"ticks", false}};
  Json kernels = kernel_axis();
  kernels["axis"].update({{"orient", "top"}, {"domain", false}, {"ticks", false}});
  return chart(
      {{"width", {{"step", 52}}},
       {"height", {{"step", 16}}},
       {"encoding",
        {{"x", std::move(kernels)},
         {"y",
          field("operation", "nominal", {{"sort", nullptr}, {"title", nullptr}, {"axis", labels}})},
         {"tooltip", tooltip({"operation", "kernel", "before", "after", "change"})}}},
       {"layer",
        {{{"mark", "rect"},
          {"encoding",
           {{"color",
             field("direction", "nominal",
                   {{"title", nullptr},
                    {"scale",
                     {{"domain", {"dearer", "cheaper"}}, {"range", {"#d95f02", "#2f7fd0"}}}}})},
            {"opacity",
             field("strength", "quantitative",
                   {{"legend", nullptr}, {"scale", {{"domain", {0, 1}}, {"range", {0, 0.8}}}}})}}}},
         {{"mark", {{"type", "text"}, {"fontSize", 9}}},
          {"encoding", {{"text", {{"field", "change"}}}}}}}}});
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

void dress(Json& spec, const View& view, std::string_view unit, std::string_view argument) {
  each_object(spec, [&](Json& channel) {
    const auto is = [&](const char* member, std::string_view value) {
      return channel.contains(member) && channel[member] == value;
    };
    if (is("field", "kernel") && channel.contains("sort")) channel["sort"] = view.kernels;
    if (is("title", "kernel"))
      channel["scale"] = {{"domain", view.kernels}, {"range", view.colours}};
    if (is("title", "unit")) channel["title"] = unit;
    if (is("title", "argument")) channel["title"] = argument;
  });
}

}  // namespace nsvet::render
