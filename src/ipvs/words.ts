/** Forwarding methods and tunnel types in the words of lvsd's own output; ipvsadm has others. Pure. */
import {
  IP_VS_CONN_F_BYPASS,
  IP_VS_CONN_F_DROUTE,
  IP_VS_CONN_F_LOCALNODE,
  IP_VS_CONN_F_MASQ,
  IP_VS_CONN_F_TUNNEL,
  IP_VS_CONN_F_TUNNEL_TYPE_GRE,
  IP_VS_CONN_F_TUNNEL_TYPE_GUE,
  IP_VS_CONN_F_TUNNEL_TYPE_IPIP,
} from './constants.ts';

/** By `forwardMethod`. */
export const FORWARDING_WORDS: ReadonlyMap<number, string> = new Map([
  [IP_VS_CONN_F_MASQ, 'nat'],
  [IP_VS_CONN_F_LOCALNODE, 'local'],
  [IP_VS_CONN_F_TUNNEL, 'tunnel'],
  [IP_VS_CONN_F_DROUTE, 'direct'],
  [IP_VS_CONN_F_BYPASS, 'bypass'],
]);

/** By `tunnelType`. */
export const TUNNEL_WORDS: ReadonlyMap<number, string> = new Map([
  [IP_VS_CONN_F_TUNNEL_TYPE_IPIP, 'ipip'],
  [IP_VS_CONN_F_TUNNEL_TYPE_GUE, 'gue'],
  [IP_VS_CONN_F_TUNNEL_TYPE_GRE, 'gre'],
]);
