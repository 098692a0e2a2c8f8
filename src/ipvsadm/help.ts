/** What `lvsd ipvs -h` and `-v` print. Pure. */

/** The line of ipvsadm 1.31: scripts read it to know what they may ask for. */
export const VERSION_TEXT = 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n';

/** Our own words: the one output that is not ipvsadm's. */
export const HELP_TEXT = `lvsd ipvs: the command line of ipvsadm 1.31

Usage: lvsd ipvs [COMMAND [SERVICE] [OPTION...]]      without anything: -L

Services
  -A, --add-service SERVICE      make one: -s -p -M -o --pe -b
  -E, --edit-service SERVICE     change one; what is not given becomes the default
  -D, --delete-service SERVICE   remove one with its real servers
  -C, --clear                    remove all
  -Z, --zero [SERVICE]           set the counters to zero
Real servers
  -a, --add-server SERVICE -r SERVER      add one: -g -i -m -w -x -y --tun-...
  -e, --edit-server SERVICE -r SERVER     change one; what is not given becomes the default
  -d, --delete-server SERVICE -r SERVER   remove one
Table
  -L, -l, --list [SERVICE]       show services and real servers
  -S, --save                     print it as command lines
  -R, --restore                  carry out command lines from standard input
  --set TCP TCPFIN UDP           set the connection timeouts in seconds; 0 keeps what there is
  --start-daemon master|backup   start a sync daemon: --syncid --mcast-... --sync-maxlen
  --stop-daemon master|backup    stop it
  -h, --help; -v, --version

SERVICE
  -t, --tcp-service HOST:PORT    -u, --udp-service HOST:PORT    --sctp-service HOST:PORT
  -f, --fwmark-service MARK      packets with this mark; -6, --ipv6 after it: of IPv6
  An IPv6 address with a port is written in brackets: [2001:db8::1]:80

Options of a service
  -s, --scheduler NAME           rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh ... (wlc)
  -b, --sched-flags FLAG,...     sh-fallback sh-port mh-fallback mh-port flag-1 flag-2 flag-3
  -p, --persistent [SECONDS]     a client keeps its real server (360)
  -M, --netmask MASK             clients are told apart by this mask, IPv6: prefix length
  --pe NAME                      persistence engine: sip
  -o, --ops                      each datagram is a connection of its own

Options of a real server
  -r, --real-server HOST[:PORT]
  -g, --gatewaying               direct routing (default)
  -i, --ipip                     tunnel: --tun-type ipip|gue|gre --tun-port PORT
                                 --tun-nocsum | --tun-csum | --tun-remcsum
  -m, --masquerading             NAT
  -w, --weight N                 (1)
  -x, --u-threshold N            no new connections above N (0: no limit)
  -y, --l-threshold N            ... until there are fewer than N

Options of a listing
  -n, --numeric                  figures, not names
  --stats  --rate  --thresholds  --persistent-conn  --tun-info   what is shown; -X, --exact: all digits
  --nosort                       the kernel's order; --sort has no effect
  -c, --connection               connections instead; --timeout: the timeouts; --daemon: the sync daemons

Options of a sync daemon
  --mcast-interface NAME (eth0)  --syncid 0..255 (0)  --sync-maxlen BYTES
  --mcast-group ADDRESS  --mcast-port PORT  --mcast-ttl 1..255

Options of lvsd, which ipvsadm does not have (docs/ipvs.md)
  --json                         with -L: JSON
  --state STATE, -r HOST[:PORT], SERVICE     with -L -c: only those connections
  --thresholds                   with -S: -x and -y too
  --atomic                       with -R: all lines or none
  --force                        change what a running lvsd owns
  --socket PATH                  where that lvsd is asked
`;
