/** Links, addresses and routes of this network namespace for the doctor, read once over rtnetlink. Changes nothing. */
import { type AddressFact, type LinkFact, type RouteFact, routeKey } from '../doctor/facts.ts';
import type { Needs } from '../doctor/intent.ts';
import { parseAddress } from '../net/ip.ts';
import { AttrWriter } from '../net/nlattr.ts';
import { RTM_NEWADDR, RTM_NEWLINK, writeDumpAddresses, writeDumpLinks } from '../net/rtnetlink.ts';
import {
  type AddressDetails,
  decodeAddressDetails,
  decodeLinkDetails,
  decodeRoute,
  type LinkDetails,
  writeGetRoute,
} from '../net/rtnetlink-inspect.ts';
import { RTM_NEWROUTE } from '../net/rtnetlink-routes.ts';
import { NETLINK_ROUTE, NetlinkSocket } from './netlink.ts';
import { SystemError } from './socket.ts';

export interface NetworkFacts {
  readonly links: readonly LinkFact[];
  readonly addresses: readonly AddressFact[];
  readonly routes: ReadonlyMap<string, RouteFact | null>;
}

/** What "there is no way" looks like: EHOSTUNREACH, ENETUNREACH, and prohibit and blackhole routes (EACCES, EINVAL). */
const NO_ROUTE: readonly number[] = [113, 101, 13, 22];
/** A dump that the table's changes interrupted is taken again this often. */
const DUMP_TRIES = 3;

/** Throws SystemError when netlink refuses. */
export function readNetwork(needs: Needs): NetworkFacts {
  const socket = new NetlinkSocket(NETLINK_ROUTE);
  try {
    const links = dump(socket, writeDumpLinks, RTM_NEWLINK, (payload) => valueIn(decodeLinkDetails(payload)));
    const byIndex = new Map(links.map((link) => [link.index, link]));
    const addresses = dump(socket, writeDumpAddresses, RTM_NEWADDR, (payload) =>
      valueIn(decodeAddressDetails(payload)),
    );
    return {
      links: links.map((link) => linkFact(link, byIndex)),
      addresses: addresses.flatMap((details) => addressFact(details, byIndex)),
      routes: readRoutes(socket, needs, byIndex),
    };
  } finally {
    socket.close();
  }
}

function dump<T>(
  socket: NetlinkSocket,
  write: (w: AttrWriter, seq: number) => void,
  type: number,
  decode: (payload: Uint8Array) => T | null,
): T[] {
  const writer = new AttrWriter(256);
  for (let tries = 0; ; tries++) {
    const found: T[] = [];
    writer.reset();
    write(writer, socket.nextSeq());
    const { errno, interrupted } = socket.dump(writer.finish(), (message) => {
      const value = message.type === type ? decode(message.payload) : null;
      if (value !== null) found.push(value);
    });
    if (errno !== 0) throw new SystemError('read links and addresses', 'sendmsg', errno);
    if (!interrupted || tries >= DUMP_TRIES) return found;
  }
}

function readRoutes(socket: NetlinkSocket, needs: Needs, byIndex: ReadonlyMap<number, LinkDetails>) {
  const routes = new Map<string, RouteFact | null>();
  const writer = new AttrWriter(256);
  for (const { address, mark } of needs.routes) {
    const key = routeKey(address, mark);
    const parsed = parseAddress(address);
    if (parsed === null || routes.has(key)) continue;
    writer.reset();
    writeGetRoute(writer, socket.nextSeq(), parsed.bytes, mark);
    const answer = socket.request(writer.finish());
    if (answer === 'no-reply') continue;
    if (NO_ROUTE.includes(answer.errno)) routes.set(key, null);
    const reply = answer.replies.find(({ type }) => type === RTM_NEWROUTE);
    const route = reply === undefined ? null : valueIn(decodeRoute(reply.payload));
    if (answer.errno !== 0 || route === null) continue;
    const { interfaceIndex, ...rest } = route;
    // IPv6 answers with the loopback device where an unreachable route matched.
    routes.set(key, { ...rest, interface: byIndex.get(interfaceIndex ?? 0)?.name ?? null });
  }
  return routes;
}

function linkFact(link: LinkDetails, byIndex: ReadonlyMap<number, LinkDetails>): LinkFact {
  const { name, up, running, loopback, arp, kind, mtuBytes, masterIndex } = link;
  const portOf = masterIndex === null ? null : (byIndex.get(masterIndex)?.kind ?? '');
  return { name, up, running, loopback, arp, kind, mtuBytes, portOf };
}

function addressFact(details: AddressDetails, byIndex: ReadonlyMap<number, LinkDetails>): readonly AddressFact[] {
  const { interfaceIndex, tentative: _, ...rest } = details;
  const link = byIndex.get(interfaceIndex);
  return link === undefined ? [] : [{ ...rest, interface: link.name }];
}

function valueIn<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T | null {
  return result.ok ? result.value : null;
}
