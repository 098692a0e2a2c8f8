#include "descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What we use of libuv, which the node executable exports; its header does not come with node-api-headers. */
enum { UV_POLL_TYPE = 8, UV_READABLE_EVENT = 1 };
size_t uv_handle_size(int type);
void *uv_handle_get_data(const void *handle);
void uv_handle_set_data(void *handle, void *data);
int uv_poll_init(struct uv_loop_s *loop, void *poll, int fd);
int uv_poll_start(void *poll, int events, void (*callback)(void *poll, int status, int events));
int uv_poll_stop(void *poll);
void uv_close(void *handle, void (*callback)(void *handle));
void uv_ref(void *handle);
void uv_unref(void *handle);

static void release(Descriptor *d) {
  if (--d->holders == 0) free(d);
}

static void on_poll_closed(void *poll) {
  Descriptor *d = uv_handle_get_data(poll);
  free(poll);
  napi_remove_async_cleanup_hook(d->hook);
  release(d);
}

static void stop_watching(Descriptor *d) {
  if (d->poll != NULL) uv_poll_stop(d->poll);
  if (d->callback != NULL) napi_delete_reference(d->env, d->callback);
  if (d->self != NULL) napi_delete_reference(d->env, d->self);
  d->callback = d->self = NULL;
}

static void close_descriptor(Descriptor *d) {
  stop_watching(d);
  if (d->poll != NULL) uv_close(d->poll, on_poll_closed);
  d->poll = NULL;
  if (d->fd >= 0) close(d->fd);
  d->fd = -1;
}

/* The environment (a worker, or the process) ends with the descriptor open. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  close_descriptor(data);
}

static void on_garbage(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  close_descriptor(data);
  release(data);
}

/* Calls the callback with 0 (readable, or the timer fired) or a positive errno. */
static void on_poll(void *poll, int status, int events) {
  (void)events;
  Descriptor *d = uv_handle_get_data(poll);
  int error = 0;
  if (status < 0) {
    /* libuv takes EPOLLERR for a bad descriptor and stops; the socket only has an error to tell (ENOBUFS and so on). */
    socklen_t length = sizeof error;
    if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) error = errno;
    uv_poll_start(poll, UV_READABLE_EVENT, on_poll);
  }
  uint64_t expirations;
  if (d->timer && read(d->fd, &expirations, sizeof expirations) < 0) return; /* armed anew since it expired */

  napi_env env = d->env;
  napi_handle_scope scope;
  napi_value self, callback, argument, result, thrown;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, d->self, &self) == napi_ok &&
      napi_get_reference_value(env, d->callback, &callback) == napi_ok &&
      napi_create_int32(env, error, &argument) == napi_ok &&
      napi_make_callback(env, NULL, self, callback, 1, &argument, &result) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &thrown) == napi_ok) {
    napi_fatal_exception(env, thrown); /* process.on('uncaughtException') */
  }
  napi_close_handle_scope(env, scope);
}

/* Arguments and results. */

napi_value number(napi_env env, int64_t value) {
  napi_value result = NULL;
  napi_create_int64(env, value, &result);
  return result;
}

napi_value outcome(napi_env env, int64_t result) {
  return number(env, result < 0 ? -errno : result);
}

bool refuse(napi_env env, const char *text) {
  napi_throw_type_error(env, NULL, text);
  return false;
}

bool get_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *argv, Descriptor **d) {
  size_t given = count;
  napi_value self;
  if (napi_get_cb_info(env, info, &given, argv, &self, NULL) != napi_ok || given < count) {
    return refuse(env, "Too few arguments");
  }
  if (d != NULL && napi_unwrap(env, self, (void **)d) != napi_ok) return refuse(env, "Not a Socket or Timer");
  return true;
}

bool get_int(napi_env env, napi_value value, int *out) {
  return napi_get_value_int32(env, value, out) == napi_ok || refuse(env, "Expected a number");
}

bool get_bytes(napi_env env, napi_value value, void **data, size_t *length) {
  napi_valuetype type;
  napi_typedarray_type elements;
  *data = NULL;
  *length = 0;
  if (napi_typeof(env, value, &type) == napi_ok && (type == napi_null || type == napi_undefined)) return true;
  if (napi_get_typedarray_info(env, value, &elements, length, data, NULL, NULL) == napi_ok &&
      elements == napi_uint8_array) return true;
  return refuse(env, "Expected a Uint8Array");
}

/* The JavaScript object. */

napi_value wrap_descriptor(napi_env env, napi_value self, int fd, bool timer) {
  if (fd < 0) {
    int error = errno;
    napi_value message, thrown;
    napi_create_string_utf8(env, timer ? "timerfd_create" : "socket", NAPI_AUTO_LENGTH, &message);
    napi_create_error(env, NULL, message, &thrown);
    napi_set_named_property(env, thrown, "errno", number(env, error));
    napi_throw(env, thrown);
    return NULL;
  }
  Descriptor *d = calloc(1, sizeof *d);
  if (d != NULL) {
    *d = (Descriptor){.env = env, .fd = fd, .timer = timer, .holders = 1};
    if (napi_wrap(env, self, d, on_garbage, NULL, NULL) == napi_ok) return self;
    free(d);
  }
  close(fd);
  napi_throw_error(env, NULL, "Out of memory");
  return NULL;
}

/* start(callback(errno)) */
napi_value start_method(napi_env env, napi_callback_info info) {
  Descriptor *d;
  napi_value argv[1], self;
  if (!get_arguments(env, info, 1, argv, &d)) return NULL;
  if (d->fd < 0) return number(env, -EBADF);
  napi_get_cb_info(env, info, NULL, NULL, &self, NULL);
  if (d->poll == NULL) {
    struct uv_loop_s *loop;
    void *poll = calloc(1, uv_handle_size(UV_POLL_TYPE));
    if (poll == NULL || napi_get_uv_event_loop(env, &loop) != napi_ok) return free(poll), number(env, -ENOMEM);
    int failed = uv_poll_init(loop, poll, d->fd);
    if (failed < 0) return free(poll), number(env, failed);
    uv_handle_set_data(poll, d);
    d->poll = poll;
    d->holders++;
    napi_add_async_cleanup_hook(env, on_environment_end, d, &d->hook);
  }
  stop_watching(d);
  napi_create_reference(env, argv[0], 1, &d->callback);
  napi_create_reference(env, self, 1, &d->self);
  return number(env, uv_poll_start(d->poll, UV_READABLE_EVENT, on_poll));
}

/* Methods without arguments: what they do to a descriptor. */
#define SIMPLE_METHOD(name, statement)                                  \
  napi_value name##_method(napi_env env, napi_callback_info info) {     \
    Descriptor *d;                                                      \
    if (get_arguments(env, info, 0, NULL, &d)) { statement; }           \
    return NULL;                                                        \
  }
SIMPLE_METHOD(stop, stop_watching(d))
SIMPLE_METHOD(close, close_descriptor(d))
SIMPLE_METHOD(ref, if (d->poll != NULL) uv_ref(d->poll))
SIMPLE_METHOD(unref, if (d->poll != NULL) uv_unref(d->poll))
