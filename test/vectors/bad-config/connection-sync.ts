/** Connection synchronisation: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { ROUTER } from './bad-config.ts';

export const connectionSync: readonly BadConfig[] = [
  {
    what: 'an unknown virtual router',
    text: `${ROUTER}    virtual_addresses: [192.0.2.1/24]
connection_sync:
  follow: b
  interface: eth1
`,
    problems: ['7:11: connection_sync.follow: must name a virtual router of `vrrp`; found "b"; there is "a"'],
  },
  {
    what: 'a misspelt virtual router',
    text: `vrrp:
  - name: web
    interface: eth0
    virtual_router_id: 1
    virtual_addresses: [192.0.2.1/24]
connection_sync: { follow: wbe, interface: eth1 }
`,
    problems: ['6:28: connection_sync.follow: must name a virtual router of `vrrp`; found "wbe"; did you mean "web"?'],
  },
  {
    what: 'no virtual routers',
    text: `virtual_servers: []
connection_sync: { follow: web, interface: eth1 }
`,
    problems: ['2:28: connection_sync.follow: must name a virtual router of `vrrp`; found "web"; there are none'],
  },
  {
    what: 'values',
    text: `vrrp: []
connection_sync:
  sync_id: 256
  group: 10.0.0.1
  port: 0
  ttl: 256
  max_length: 1000
`,
    problems: [
      '3:3: connection_sync.follow: missing: must be a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit',
      '3:3: connection_sync.interface: missing: must be an interface name of 1 to 15 characters',
      '3:12: connection_sync.sync_id: must be a whole number from 0 to 255; found 256',
      '4:10: connection_sync.group: must be a multicast address; found "10.0.0.1"',
      '5:9: connection_sync.port: must be a whole number from 1 to 65535; found 0',
      '6:8: connection_sync.ttl: must be a whole number from 1 to 255; found 256',
      '7:15: connection_sync.max_length: must be a whole number from 1024 to 65507; found 1000',
    ],
  },
];
