import assert from 'node:assert/strict';
import { isFresh, newRandom, payloadFor } from '../../src/sys/fresh-payload.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('sys/fresh-payload', () => {
  it('puts random bytes and the HMAC-MD5 of the whole into a Status-Server request', () => {
    const template = '0c{random:1}0026{random:16}501200000000000000000000000000000000';
    const sign = { secret: 'testing123', at: 22 };
    const random = new Uint8Array(32);
    random[0] = 1;
    // The digest is of Python's hmac.
    assert.equal(
      hex(payloadFor({ kind: 'fresh', form: 'hex', template, sign }, random)),
      `0c01002601${'00'.repeat(15)}501288fc5daa669e0f2a5c2fc389602fc419`,
    );
  });

  it('is text in UTF-8, or bytes', () => {
    assert.equal(hex(payloadFor({ kind: 'text', text: 'ü' })), 'c3bc');
    assert.equal(hex(payloadFor({ kind: 'hex', hex: '00ff' })), '00ff');
    const random = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 + i);
    const fresh = { kind: 'fresh', form: 'text', template: '<{random:2}> {random}', sign: null } as const;
    assert.equal(Buffer.from(payloadFor(fresh, random)).toString(), '<a0a1> a0a1a2a3a4a5a6a7');
    assert.deepEqual([isFresh(fresh), isFresh({ kind: 'text', text: 'a' })], [true, false]);
  });

  it('is random', () => {
    assert.equal(newRandom().length, 32);
    assert.notDeepEqual(newRandom(), newRandom());
  });
});
