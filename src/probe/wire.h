// How an actor's answer crosses the socket. Both ends are the same program image, so plain bytes
// do.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sys/error.h"

namespace nsvet::probe {

template <class T>
struct Wire {
  static_assert(std::is_trivially_copyable_v<T>,
                "an answer is plain data, text, or a Result of it");
  static std::string pack(const T& value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
  }
  static T unpack(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
};

template <>
struct Wire<std::string> {
  static std::string pack(std::string value) { return value; }
  static std::string unpack(std::string_view bytes) { return std::string(bytes); }
};

template <class T>
struct Wire<std::vector<T>> {
  static_assert(std::is_trivially_copyable_v<T>);
  static std::string pack(const std::vector<T>& values) {
    std::string bytes(values.size() * sizeof(T), '\0');
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  static std::vector<T> unpack(std::string_view bytes) {
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
  }
};

template <class T>
struct Wire<sys::Result<T>> {
  static std::string pack(const sys::Result<T>& result) {
    if (!result) return 'e' + Wire<sys::Error>::pack(result.error());
    if constexpr (std::is_void_v<T>) {
      return "v";
    } else {
      return 'v' + Wire<T>::pack(*result);
    }
  }
  static sys::Result<T> unpack(std::string_view bytes) {
    if (bytes.front() == 'e') return tl::unexpected(Wire<sys::Error>::unpack(bytes.substr(1)));
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return Wire<T>::unpack(bytes.substr(1));
    }
  }
};

}  // namespace nsvet::probe
