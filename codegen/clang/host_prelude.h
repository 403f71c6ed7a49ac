// What LLVM may call although the emitted text does not: the host library is linked against nothing, so it brings its
// own. Compiled with -fno-builtin, so that these loops do not become calls of themselves. Hidden: the library must not
// replace anybody else's.
#pragma once

extern "C" {

__attribute__((visibility("hidden"))) void* memcpy(void* __restrict__ to, const void* __restrict__ from,
                                                   __SIZE_TYPE__ bytes) {
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  for (__SIZE_TYPE__ i = 0; i < bytes; ++i) out[i] = in[i];
  return to;
}

__attribute__((visibility("hidden"))) void* memmove(void* to, const void* from, __SIZE_TYPE__ bytes) {
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  if (out <= in) {
    for (__SIZE_TYPE__ i = 0; i < bytes; ++i) out[i] = in[i];
  } else {
    for (__SIZE_TYPE__ i = bytes; i > 0; --i) out[i - 1] = in[i - 1];
  }
  return to;
}

__attribute__((visibility("hidden"))) void* memset(void* to, int value, __SIZE_TYPE__ bytes) {
  auto* out = static_cast<unsigned char*>(to);
  for (__SIZE_TYPE__ i = 0; i < bytes; ++i) out[i] = static_cast<unsigned char>(value);
  return to;
}

}  // extern "C"
