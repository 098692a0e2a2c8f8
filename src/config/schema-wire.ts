/** To whom a virtual router speaks and how it tells neighbours where its addresses are: keys of `vrrp[]`. Pure. */
import { address, choice, duration, flag, integer, list, mapping, unicast } from './fields.ts';
import { interfaceName } from './schema-words.ts';

const announcements = mapping({
  count: integer(1, 100).default(5).describe('Gratuitous ARP or unsolicited NA rounds at once'),
  repeat_delay: duration('0s', '1h').prefault('5s').describe('The same rounds once more after this; 0s: never'),
  refresh: duration('0s', '24h').prefault('0s').describe('Announced again this often while MASTER; 0s: never'),
  refresh_count: integer(1, 100).default(1).describe('Rounds of each refresh'),
  lower_priority_count: integer(0, 100)
    .default(5)
    .describe('Rounds when another active router of lower priority is heard; 0: none'),
  lower_priority_delay: duration('0s', '1h').prefault('5s').describe('The same rounds once more after this; 0s: never'),
  spacing: duration('0ms', '1s')
    .prefault('0ms')
    .describe('Time between two frames on an interface, those of all its virtual routers; 0ms: back to back'),
  arp: choice(['request', 'reply', 'both'])
    .default('request')
    .describe('Form of gratuitous ARP; some equipment learns from replies only'),
  interfaces: list(interfaceName()).default([]).describe('Further interfaces to announce all the addresses on'),
});

const ttl = mapping({
  send: integer(1, 255).default(255).describe('TTL or hop limit of what is sent'),
  least: integer(1, 255).default(255).describe('Smallest TTL or hop limit that is taken; below 255 for routed peers'),
});

export const wireKeys = {
  peers: list(address(unicast).describe("Another director's own address"))
    .default([])
    .describe('Unicast: the other directors, who alone are listened to; none: multicast'),
  source_address: address(unicast)
    .optional()
    .describe("What is sent from; default: the interface's first own address, link-local for IPv6 multicast"),
  ttl: ttl.optional().describe('With peers: for directors behind a router'),
  announcements: announcements.prefault({}).describe('What tells neighbours that the addresses moved here'),
  conflict_probe: flag()
    .default(false)
    .describe('Ask at a take-over whether another machine answers for the addresses, and watch for it while MASTER'),
};
