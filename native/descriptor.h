/*
 * A socket or a timerfd as a JavaScript object: its life, the event loop's watch over it, arguments and results.
 */
#ifndef LVSD_DESCRIPTOR_H
#define LVSD_DESCRIPTOR_H

#define NAPI_VERSION 8
#define _GNU_SOURCE
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  napi_env env;
  int fd;
  bool timer;
  void *poll;           /* uv_poll_t, from the first start() to close() */
  napi_ref callback;    /* while started */
  napi_ref self;        /* while started: a watched object is not garbage */
  napi_async_cleanup_hook_handle hook;
  int holders;          /* the JavaScript object, and the poll handle until libuv has let it go */
} Descriptor;

/* Makes `self` own the descriptor `fd`; throws an Error with `errno`, named after the system call, when that is negative. */
napi_value wrap_descriptor(napi_env env, napi_value self, int fd, bool timer);

/* Methods of every Descriptor: start(callback(errno)), stop(), ref(), unref(), close(). */
napi_value start_method(napi_env env, napi_callback_info info);
napi_value stop_method(napi_env env, napi_callback_info info);
napi_value ref_method(napi_env env, napi_callback_info info);
napi_value unref_method(napi_env env, napi_callback_info info);
napi_value close_method(napi_env env, napi_callback_info info);

/* Arguments. A wrong one is a mistake of ours: a TypeError is thrown and the answer is false. */
bool refuse(napi_env env, const char *text);
bool get_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *argv, Descriptor **d);
bool get_int(napi_env env, napi_value value, int *out);
/* A Uint8Array; null and undefined are no bytes at all. */
bool get_bytes(napi_env env, napi_value value, void **data, size_t *length);

/* Results: a number; or the result of a system call, which is -errno when negative. */
napi_value number(napi_env env, int64_t value);
napi_value outcome(napi_env env, int64_t result);

#endif
