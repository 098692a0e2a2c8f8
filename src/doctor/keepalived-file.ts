/** The little of keepalived.conf that tells whether it stands in our way. Pure. */
import type { KeepalivedFact } from './facts.ts';

/** Virtual routers, and whether there are virtual servers. Files that it includes are not read. */
export function readKeepalivedFile(text: string): Pick<KeepalivedFact, 'routers' | 'hasVirtualServers'> {
  const words = text
    .split('\n')
    .map((line) => line.replace(/[!#].*$/, ''))
    .join('\n')
    .replaceAll(/([{}])/g, ' $1 ')
    .split(/\s+/);
  const routers: { interface: string; vrid: number }[] = [];
  let depth = 0;
  let hasVirtualServers = false;
  let block = '';
  let router = { interface: '', vrid: 0 };
  for (const [index, word] of words.entries()) {
    if (word === '{') depth++;
    else if (word === '}') {
      depth--;
      if (depth === 0 && block === 'vrrp_instance') routers.push(router);
      if (depth === 0) block = '';
    } else if (depth === 0) {
      if (word === 'vrrp_instance') {
        block = word;
        router = { interface: '', vrid: 0 };
      }
      if (word === 'virtual_server' || word === 'virtual_server_group') hasVirtualServers = true;
    } else if (depth === 1 && block === 'vrrp_instance') {
      const next = words[index + 1] ?? '';
      if (word === 'interface') router = { ...router, interface: next };
      if (word === 'virtual_router_id') router = { ...router, vrid: Number(next) };
    }
  }
  return { routers, hasVirtualServers };
}
