/** Built-in presets of the udp check. A reply that repeats what was random in the request is the reply to it. Pure data. */
import type { PresetConfig } from './preset-form.ts';

/** Status-Server (RFC 5997): code 12, identifier, length 38, authenticator, Message-Authenticator. */
const RADIUS_STATUS = '0c {random:1} 0026 {random:16} 50 12 00000000000000000000000000000000';

export const UDP_PRESETS: readonly PresetConfig[] = [
  // Version 4, client; the server repeats our transmit time as its origin time (RFC 5905 section 7.3). Its leap state must
  // not be 3 (not synchronised), its stratum must be from 1 to 15 (0 sends clients away, 16 has no time).
  {
    name: 'ntp',
    type: 'udp',
    steps: [
      {
        send: { hex: `23 ${'00'.repeat(39)} {random:8}` },
        expect: { regex: '\\A[\\x24\\x64\\xa4][\\x01-\\x0f][\\x00-\\xff]{22}{random:8}' },
      },
    ],
  },
  // Access-Accept with our identifier; the server answers only clients that it knows, signed with their secret.
  {
    name: 'radius',
    type: 'udp',
    steps: [{ send: { hex: RADIUS_STATUS, sign: { hmac_md5: '{secret}', at: 22 } }, expect: { hex: '02 {random:1}' } }],
  },
  // The accounting port answers with Accounting-Response (RFC 5997 section 4.2).
  {
    name: 'radius-accounting',
    type: 'udp',
    steps: [{ send: { hex: RADIUS_STATUS, sign: { hmac_md5: '{secret}', at: 22 } }, expect: { hex: '05 {random:1}' } }],
  },
  // OPTIONS (RFC 3261 section 11): any answer but that it fails (5xx, 6xx).
  {
    name: 'sip',
    type: 'udp',
    steps: [
      {
        send:
          'OPTIONS sip:{user}@{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK{random:16};rport\r\n' +
          'Max-Forwards: 70\r\nFrom: <sip:{user}@{via}>;tag={random}\r\nTo: <sip:{user}@{host}>\r\n' +
          'Call-ID: {random:20}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:{user}@{via}>\r\nAccept: application/sdp\r\n' +
          'User-Agent: lvsd\r\nContent-Length: 0\r\n\r\n',
        expect: { regex: '(?i)^SIP/2\\.0 [1-4]\\d\\d ' },
      },
    ],
    values: { user: 'lvsd', via: 'lvsd.invalid' },
  },
  // GetRequest of sysUpTime.0 in SNMPv2c (RFC 3416); any reply that has our request id.
  {
    name: 'snmp',
    type: 'udp',
    steps: [
      {
        send: {
          hex:
            '30 {length:community+35} 02 01 01 04 {length:community} {community} ' +
            'a0 1c 02 04 40 {random:3} 02 01 00 02 01 00 30 0e 30 0c 06 08 2b06010201010300 05 00',
        },
        expect: { hex: '30 ?? 02 01 01 04 {length:community} {community} a2 ?? 02 04 40 {random:3} 02 01 00' },
      },
    ],
    values: { community: 'public' },
  },
  // Binding request and its success response (RFC 8489 section 5), by magic cookie and transaction.
  {
    name: 'stun',
    type: 'udp',
    steps: [
      {
        send: { hex: '0001 0000 2112a442 {random:12}' },
        expect: { hex: '0101 ???? 2112a442 {random:12}' },
      },
    ],
  },
];
