/*
 * The servers of bench/probes.ts: one cheap process that answers on all local addresses and counts.
 *
 *   count-server ADDRESS TCP_PORT HTTP_PORT
 *
 * TCP_PORT: a connection is accepted and closed. HTTP_PORT: its request is read (its first packet; the kernel hands the
 * connection over when that is there), answered with 200 and closed. SIGUSR1 prints a line with the connections so far
 * and the fewest and most of one address since the last such line, of those that had any: `total N least N most N`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { ADDRESSES = 65536 };
static unsigned total, counts[ADDRESSES]; /* by the low 16 bits of the address that was asked for */

static int listen_at(const char *address, int port, int defer) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  inet_pton(AF_INET, address, &at.sin_addr);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (defer) setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 4096) < 0) perror("listen"), exit(1);
  return listener;
}

static void serve(int listener, int http) {
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine";
  char request[4096];
  for (int i = 0; i < 64; i++) {
    int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (connection < 0) return;
    struct sockaddr_in asked;
    socklen_t length = sizeof asked;
    if (getsockname(connection, (struct sockaddr *)&asked, &length) == 0) counts[ntohl(asked.sin_addr.s_addr) % ADDRESSES]++;
    total++;
    if (http && recv(connection, request, sizeof request, 0) > 0) send(connection, answer, sizeof answer - 1, MSG_NOSIGNAL);
    close(connection);
  }
}

static void report(int signals) {
  struct signalfd_siginfo info;
  unsigned least = 0, most = 0;
  if (read(signals, &info, sizeof info) < 0) return;
  for (int i = 0; i < ADDRESSES; i++) {
    if (counts[i] > 0 && (least == 0 || counts[i] < least)) least = counts[i];
    if (counts[i] > most) most = counts[i];
  }
  memset(counts, 0, sizeof counts);
  printf("total %u least %u most %u\n", total, least, most);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t told;
  sigemptyset(&told);
  sigaddset(&told, SIGUSR1);
  sigprocmask(SIG_BLOCK, &told, NULL);
  struct pollfd watched[] = {{.fd = listen_at(argv[1], atoi(argv[2]), 0), .events = POLLIN},
                             {.fd = listen_at(argv[1], atoi(argv[3]), 1), .events = POLLIN},
                             {.fd = signalfd(-1, &told, 0), .events = POLLIN}};
  puts("ready");
  fflush(stdout);
  for (;;) {
    if (poll(watched, 3, -1) < 0) continue;
    if (watched[0].revents) serve(watched[0].fd, 0);
    if (watched[1].revents) serve(watched[1].fd, 1);
    if (watched[2].revents) report(watched[2].fd);
  }
}
