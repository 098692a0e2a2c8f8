/** Configurations with mistakes. Snippets end with a line feed; what is added to them begins on line 5 or 6. */

export interface BadConfig {
  readonly what: string;
  readonly text: string;
  /** `line:column: path: message`, all of them, in order; ` ...` at the end: whatever follows. */
  readonly problems: readonly string[];
}

/** Lines 1 to 4: a virtual server on TCP that lacks nothing. */
export const SERVER = `virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 80
`;

/** Lines 1 to 5: a virtual server on UDP. */
export const UDP_SERVER = `virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 53
    protocol: udp
`;

/** Lines 1 to 4: a virtual router that lacks its addresses. */
export const ROUTER = `vrrp:
  - name: a
    interface: eth0
    virtual_router_id: 1
`;
