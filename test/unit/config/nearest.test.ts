import assert from 'node:assert/strict';
import { nearest } from '../../../src/config/nearest.ts';

const KEYS = ['address', 'port', 'weight', 'upper_threshold', 'lower_threshold', 'virtual_servers', 'vrrp', 'a', 'sh'];

const TABLE: readonly (readonly [word: string, meant: string | null])[] = [
  ['weigth', 'weight'],
  ['wieght', 'weight'],
  ['weigt', 'weight'],
  ['weights', 'weight'],
  ['Weight', 'weight'],
  ['prot', 'port'],
  ['ports', 'port'],
  ['pport', 'port'],
  ['pxxt', null],
  ['adress', 'address'],
  ['addr', null],
  ['virtual-servers', 'virtual_servers'],
  ['virtual_server', 'virtual_servers'],
  ['virtualservers', 'virtual_servers'],
  ['uper_treshold', 'upper_threshold'],
  ['lower_treshold', 'lower_threshold'],
  ['vrpp', 'vrrp'],
  ['rvrp', 'vrrp'],
  ['b', null],
  ['sx', 'sh'],
  ['xy', null],
  ['', null],
  ['something_else', null],
];

describe('config/nearest', () => {
  for (const [word, meant] of TABLE) {
    it(`${JSON.stringify(word)} means ${meant ?? 'nothing known'}`, () => assert.equal(nearest(word, KEYS), meant));
  }

  it('takes the nearest, and of equals the first', () => {
    assert.equal(nearest('wlx', ['wrr', 'wlc', 'wly']), 'wlc');
    assert.equal(nearest('timeou', ['timeouts', 'timeout']), 'timeout');
  });

  it('knows nothing near in an empty list', () => assert.equal(nearest('port', []), null));
});
