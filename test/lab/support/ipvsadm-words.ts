/** What random command lines for ipvsadm are made of. */

export const V4 = ['10.0.0.1', '10.0.0.2', '192.168.1.1', '203.0.113.9', '1.2.3.4', '127.0.0.1'] as const;

export const V6 = ['2001:db8::1', '::1', 'fd00:1:2:3:4:5:6:7', '2001:db8::ffff:1'] as const;

export const REAL4 = ['10.1.0.1', '10.1.0.2', '172.16.0.9', '192.168.250.250', '223.255.255.1'] as const;

export const REAL6 = ['2001:db8:1::1', 'fd00::2', '2001:db8:ffff:eeee:dddd:cccc:bbbb:aaaa'] as const;

export const PORTS = ['80', '443', '53', '5060', '1', '65535', '8080'] as const;

// biome-ignore format: a list
export const SCHEDULERS = [
  'rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh',
] as const;

export const FLAGS = ['flag-1', 'flag-2', 'flag-3', 'sh-port', 'sh-fallback', 'mh-port', 'mh-fallback'] as const;

/** Addresses that inet_aton, inet_pton or nothing at all understands. */
// biome-ignore format: a list
export const ODD_ADDRESSES = [
  '10.1', '0x0a000001', '010.0.0.1', '10.0.0.256', '10.0.0.08', '10.0.0.7.', '.10', '', '10', '1 0', '10.0.0.4 x',
  ' 10.0.0.4', '0', '255.255.255.255', '224.0.0.1', '::', 'ff02::1', '[::1]', '[10.0.0.1]', '::ffff:10.0.0.1',
  '::10.0.0.1', '2001:DB8::A', 'fe80::1%lo', '1:2', '1::2:3:4:5:6:7:8', 'localhost', 'nosuch.invalid', '[', ']',
  '[]', '4294967295', '0x1.0x2.0x3.0xff', ':',
] as const;

// biome-ignore format: a list
export const ODD_PORTS = [
  '', '0', '-1', '+80', ' 80', '080', '0x50', '65536', '80 ', 'http', 'www', 'domain', 'nosuch', '80:80',
] as const;

// biome-ignore format: a list
export const ODD_NUMBERS = [
  '0', '-1', '+5', ' 5', '5 ', '05', '0x5', '', 'x', '5x', '255', '256', '65535', '65536', '65507', '65508',
  '2147483647', '2147483648', '4294967295', '4294967296', '99999999999999999999', '2678400', '2678401', '1500', '-0',
] as const;

// biome-ignore format: a list
export const ODD_MASKS = [
  '255.255.255.0', '255.255.0.0', '255.0.255.0', '0.0.0.0', '24', '64', '128', '129', '0', '-1', '', '/24',
  '0xffffff00', ' 65x', '255.255.255.255', '255.255.255', 'localhost', 'bogus.invalid', '1', '4294967360',
] as const;

// biome-ignore format: a list
export const STRAYS = [
  '--bogus', '-z', 'foo', '--', '-', '', '-n', '-c', '-A', '-L', '-h', '--sort', '--nosort', '--exact', '--stats',
  '-6', '-o', '-p', '-g', '-m', '-i', '-w', '-w=5', '-w5', '--weight=5', '--weight', '-x=5', '-srr', '-s=rr',
  '--scheduler=', '-n=5', '--ops=1', '--timeout', '--daemon', '--syncid', '--syncid=5', '-R', '-S', '--tcp',
  '--tcp-service', '-t', '-t=1.2.3.4:80', '-r', '-f=5', '-=', '---', '-Ln', '-nX', '-on', '--persistent=5', '-p=',
  '--tun-info', '--set', '--mcast-ttl=5', '--tun-type=gre', '-v',
] as const;
