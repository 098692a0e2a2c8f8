/*
 * The sockets and the timer that Node.js does not have: any address family, ancillary data, absolute deadlines.
 *
 * A thin layer over the system calls. No structure is built or parsed here: addresses, control messages and options
 * are bytes made in TypeScript (src/sys/socket.ts, src/net/sockaddr.ts), so this file has no reason to change.
 * Calls answer their result or -errno. Node-API version 8: one binary for Node.js 20 and later.
 */
#include "descriptor.h"

#include <time.h>
#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

/* Goes up when src/sys/native.ts would not understand an older build. */
#define INTERFACE_VERSION 3

/* Where recv() puts things in the slab that it is given. */
enum { DATA_SIZE = 65536, ADDRESS_SIZE = 128, CONTROL_SIZE = 512, SLAB_SIZE = DATA_SIZE + ADDRESS_SIZE + CONTROL_SIZE + 12 };

/* new Socket(family, type, protocol) */
static napi_value new_socket(napi_env env, napi_callback_info info) {
  napi_value argv[3], self;
  int family, type, protocol;
  if (!get_arguments(env, info, 3, argv, NULL) || !get_int(env, argv[0], &family) || !get_int(env, argv[1], &type) ||
      !get_int(env, argv[2], &protocol)) return NULL;
  napi_get_cb_info(env, info, NULL, NULL, &self, NULL);
  return wrap_descriptor(env, self, socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol), false);
}

/* new Timer() */
static napi_value new_timer(napi_env env, napi_callback_info info) {
  napi_value self;
  napi_get_cb_info(env, info, NULL, NULL, &self, NULL);
  return wrap_descriptor(env, self, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), true);
}

/* Timer: arm(milliseconds of CLOCK_MONOTONIC); a negative or endless time disarms. */
static napi_value arm(napi_env env, napi_callback_info info) {
  Descriptor *d;
  napi_value argv[1];
  double at;
  if (!get_arguments(env, info, 1, argv, &d)) return NULL;
  if (napi_get_value_double(env, argv[0], &at) != napi_ok) return refuse(env, "Expected a number"), NULL;
  struct itimerspec spec = {0};
  if (at >= 0 && at < 1e15) {
    double seconds = floor(at / 1000);
    double nanoseconds = ceil((at - seconds * 1000) * 1e6); /* up: not one nanosecond early */
    if (nanoseconds >= 1e9) seconds += 1, nanoseconds = 0;
    if (seconds == 0 && nanoseconds == 0) nanoseconds = 1;  /* zero would disarm */
    spec.it_value = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};
  }
  return outcome(env, timerfd_settime(d->fd, TFD_TIMER_ABSTIME, &spec, NULL));
}

/* Methods of a socket. */

/* bind(address), connect(address) */
static napi_value with_address(napi_env env, napi_callback_info info,
                               int (*call)(int, const struct sockaddr *, socklen_t)) {
  Descriptor *d;
  napi_value argv[1];
  void *address;
  size_t length;
  if (!get_arguments(env, info, 1, argv, &d) || !get_bytes(env, argv[0], &address, &length)) return NULL;
  return outcome(env, call(d->fd, address, (socklen_t)length));
}

static napi_value bind_(napi_env env, napi_callback_info info) { return with_address(env, info, bind); }
static napi_value connect_(napi_env env, napi_callback_info info) { return with_address(env, info, connect); }

/* listen(backlog) */
static napi_value listen_(napi_env env, napi_callback_info info) {
  Descriptor *d;
  napi_value argv[1];
  int backlog;
  if (!get_arguments(env, info, 1, argv, &d) || !get_int(env, argv[0], &backlog)) return NULL;
  return outcome(env, listen(d->fd, backlog));
}

/* setsockopt(level, name, number or bytes) */
static napi_value setsockopt_(napi_env env, napi_callback_info info) {
  Descriptor *d;
  napi_value argv[3];
  int level, name, number_value;
  void *value = &number_value;
  size_t length = sizeof number_value;
  if (!get_arguments(env, info, 3, argv, &d) || !get_int(env, argv[0], &level) || !get_int(env, argv[1], &name)) return NULL;
  if (napi_get_value_int32(env, argv[2], &number_value) != napi_ok && !get_bytes(env, argv[2], &value, &length)) return NULL;
  return outcome(env, setsockopt(d->fd, level, name, value, (socklen_t)length));
}

/* getsockopt(level, name, out): the option's length */
static napi_value getsockopt_(napi_env env, napi_callback_info info) {
  Descriptor *d;
  napi_value argv[3];
  int level, name;
  void *out;
  size_t size;
  if (!get_arguments(env, info, 3, argv, &d) || !get_int(env, argv[0], &level) || !get_int(env, argv[1], &name) ||
      !get_bytes(env, argv[2], &out, &size)) return NULL;
  socklen_t length = (socklen_t)size;
  return outcome(env, getsockopt(d->fd, level, name, out, &length) < 0 ? -1 : (int64_t)length);
}

/* getsockname(out): the address's length */
static napi_value getsockname_(napi_env env, napi_callback_info info) {
  Descriptor *d;
  napi_value argv[1];
  void *out;
  size_t size;
  if (!get_arguments(env, info, 1, argv, &d) || !get_bytes(env, argv[0], &out, &size)) return NULL;
  socklen_t length = (socklen_t)size;
  return outcome(env, getsockname(d->fd, out, &length) < 0 ? -1 : (int64_t)length);
}

/* send(data, address or null, control or null): bytes sent */
static napi_value send_(napi_env env, napi_callback_info info) {
  Descriptor *d;
  napi_value argv[3];
  struct iovec data;
  void *address, *control;
  size_t address_length, control_length;
  if (!get_arguments(env, info, 3, argv, &d) || !get_bytes(env, argv[0], &data.iov_base, &data.iov_len) ||
      !get_bytes(env, argv[1], &address, &address_length) || !get_bytes(env, argv[2], &control, &control_length)) return NULL;
  struct msghdr message = {.msg_name = address, .msg_namelen = (socklen_t)address_length, .msg_iov = &data, .msg_iovlen = 1,
                           .msg_control = control, .msg_controllen = control_length};
  return outcome(env, sendmsg(d->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* recv(slab, flags): bytes of data; behind data, address and control stand their lengths and the flags, as three int32 */
static napi_value recv_(napi_env env, napi_callback_info info) {
  Descriptor *d;
  napi_value argv[2];
  void *bytes;
  size_t size;
  int flags;
  if (!get_arguments(env, info, 2, argv, &d) || !get_bytes(env, argv[0], &bytes, &size) || !get_int(env, argv[1], &flags)) return NULL;
  if (size < SLAB_SIZE) return refuse(env, "The slab is too small"), NULL;
  char *slab = bytes;
  struct iovec data = {.iov_base = slab, .iov_len = DATA_SIZE};
  struct msghdr message = {.msg_name = slab + DATA_SIZE, .msg_namelen = ADDRESS_SIZE, .msg_iov = &data, .msg_iovlen = 1,
                           .msg_control = slab + DATA_SIZE + ADDRESS_SIZE, .msg_controllen = CONTROL_SIZE};
  ssize_t received = recvmsg(d->fd, &message, flags | MSG_DONTWAIT);
  int32_t lengths[3] = {(int32_t)message.msg_namelen, (int32_t)message.msg_controllen, message.msg_flags};
  if (received >= 0) memcpy(slab + DATA_SIZE + ADDRESS_SIZE + CONTROL_SIZE, lengths, sizeof lengths);
  return outcome(env, received);
}

/* detach(): the descriptor itself, which is the caller's to close from now on; not once the event loop watches it. */
static napi_value detach(napi_env env, napi_callback_info info) {
  Descriptor *d;
  if (!get_arguments(env, info, 0, NULL, &d)) return NULL;
  if (d->poll != NULL) return number(env, -EBUSY);
  int fd = d->fd;
  d->fd = -1;
  return number(env, fd < 0 ? -EBADF : fd);
}

/* Functions. */

/* ifindex(name) */
static napi_value ifindex(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  char name[IFNAMSIZ + 1];
  size_t length;
  if (!get_arguments(env, info, 1, argv, NULL)) return NULL;
  if (napi_get_value_string_utf8(env, argv[0], name, sizeof name, &length) != napi_ok) return refuse(env, "Expected a string"), NULL;
  if (length >= IFNAMSIZ) return number(env, -ENODEV);
  unsigned int index = if_nametoindex(name);
  return outcome(env, index == 0 ? -1 : (int64_t)index);
}

/* setscheduler(policy, priority), for the calling thread */
static napi_value setscheduler(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  struct sched_param parameter = {0};
  int policy;
  if (!get_arguments(env, info, 2, argv, NULL) || !get_int(env, argv[0], &policy) ||
      !get_int(env, argv[1], &parameter.sched_priority)) return NULL;
  return outcome(env, sched_setscheduler(0, policy, &parameter));
}

/* getscheduler(): policy in the low 8 bits, priority above, of the calling thread */
static napi_value getscheduler(napi_env env, napi_callback_info info) {
  (void)info;
  struct sched_param parameter;
  int policy = sched_getscheduler(0);
  if (policy < 0 || sched_getparam(0, &parameter) < 0) return outcome(env, -1);
  return number(env, (policy & 0xff) | parameter.sched_priority << 8);
}

/* mlock(address, length): pages stay in memory once they were touched */
static napi_value mlock_(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  double address, length; /* user space ends at 2^47 or below: exact */
  if (!get_arguments(env, info, 2, argv, NULL)) return NULL;
  if (napi_get_value_double(env, argv[0], &address) != napi_ok || napi_get_value_double(env, argv[1], &length) != napi_ok) {
    return refuse(env, "Expected a number"), NULL;
  }
  return outcome(env, mlock2((const void *)(uintptr_t)address, (size_t)length, MLOCK_ONFAULT));
}

/* clockoffset(): nanoseconds of CLOCK_REALTIME above CLOCK_MONOTONIC now: packet timestamps count the former */
static napi_value clockoffset(napi_env env, napi_callback_info info) {
  (void)info;
  struct timespec real, monotonic;
  clock_gettime(CLOCK_REALTIME, &real);
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  int64_t seconds = (int64_t)real.tv_sec - monotonic.tv_sec;
  napi_value result;
  if (napi_create_bigint_int64(env, seconds * 1000000000 + (real.tv_nsec - monotonic.tv_nsec), &result) != napi_ok) return NULL;
  return result;
}

#define METHOD(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default, NULL}
#define SHARED_METHODS \
  METHOD("start", start_method), METHOD("stop", stop_method), METHOD("ref", ref_method), \
  METHOD("unref", unref_method), METHOD("close", close_method)
#define COUNT(array) (sizeof(array) / sizeof *(array))

NAPI_MODULE_INIT() {
  const napi_property_descriptor of_socket[] = {
      SHARED_METHODS, METHOD("bind", bind_), METHOD("connect", connect_), METHOD("listen", listen_),
      METHOD("setsockopt", setsockopt_), METHOD("getsockopt", getsockopt_), METHOD("getsockname", getsockname_),
      METHOD("send", send_), METHOD("recv", recv_), METHOD("detach", detach)};
  const napi_property_descriptor of_timer[] = {SHARED_METHODS, METHOD("arm", arm)};
  const napi_property_descriptor functions[] = {
      METHOD("ifindex", ifindex), METHOD("setscheduler", setscheduler), METHOD("getscheduler", getscheduler),
      METHOD("mlock", mlock_), METHOD("clockoffset", clockoffset)};
  napi_value socket_class, timer_class;
  napi_define_class(env, "Socket", NAPI_AUTO_LENGTH, new_socket, NULL, COUNT(of_socket), of_socket, &socket_class);
  napi_define_class(env, "Timer", NAPI_AUTO_LENGTH, new_timer, NULL, COUNT(of_timer), of_timer, &timer_class);
  napi_set_named_property(env, exports, "Socket", socket_class);
  napi_set_named_property(env, exports, "Timer", timer_class);
  napi_set_named_property(env, exports, "interfaceVersion", number(env, INTERFACE_VERSION));
  napi_define_properties(env, exports, COUNT(functions), functions);
  return exports;
}
