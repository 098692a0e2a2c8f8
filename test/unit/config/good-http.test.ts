import assert from 'node:assert/strict';
import type { HttpCheckConfig } from '../../../src/config/checks/http.ts';
import type { CheckConfig } from '../../../src/config/types-checks.ts';
import { httpPart } from '../../support/http-check.ts';
import { serverOf } from './builders.ts';

/** The check that this text in braces makes. */
function checkOf(text: string): CheckConfig {
  const server = serverOf(`
virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 80
    real_servers:
      - address: 10.0.0.1
        checks: [{ ${text.replaceAll('\n', ' ')} }]
`);
  return server.realServers[0]?.checks[0] ?? assert.fail('no check');
}

/** What of it is HTTP's own. */
function httpOf(text: string): Partial<HttpCheckConfig> {
  const check = checkOf(text);
  assert.ok(check.type === 'http' || check.type === 'https');
  const { type, version, requests, weightHeader, tls, proxyProtocol } = check;
  return { type, version, requests, weightHeader, tls, proxyProtocol };
}

const OK = [{ from: 200, to: 200 }];

describe('config: http checks', () => {
  it('ask for / and want 200, if nothing is said', () => {
    assert.deepEqual(httpOf('type: http'), httpPart({ status: OK }));
  });

  it('have a method, headers in lower case, and a body', () => {
    assert.deepEqual(
      httpOf('type: http, method: PROPFIND, headers: { X-A: " b ", Accept: text/plain }, request_body: "{}"'),
      httpPart({
        method: 'PROPFIND',
        headers: { 'x-a': 'b', accept: 'text/plain' },
        requestBody: '{}',
        status: OK,
      }),
    );
  });

  it('look at the body in all ways', () => {
    const digest = 'D41D8CD98F00B204E9800998ECF8427E';
    assert.deepEqual(
      httpOf(`type: http, body: up, body_regex: "u+p", body_absent: down, body_absent_regex: "d.wn", digest: ${digest},
        json: [{ path: a.b, equals: 1 }, { path: "c[0]", min: 1, max: 2 }, { path: error, exists: false }]`),
      httpPart({
        status: OK,
        wanted: [
          { kind: 'text', text: 'up' },
          { kind: 'regex', regex: 'u+p' },
        ],
        unwanted: [
          { kind: 'text', text: 'down' },
          { kind: 'regex', regex: 'd.wn' },
        ],
        digest: { algorithm: 'md5', hex: 'd41d8cd98f00b204e9800998ecf8427e' },
        json: [
          { path: 'a.b', steps: ['a', 'b'], exists: true, equals: 1, min: null, max: null },
          { path: 'c[0]', steps: ['c', 0], exists: true, min: 1, max: 2 },
          { path: 'error', steps: ['error'], exists: false, min: null, max: null },
        ],
      }),
    );
  });

  it('take a digest of 64 digits for SHA-256', () => {
    for (const digest of ['ab'.repeat(32), `sha256:${'AB'.repeat(32)}`]) {
      const wanted = { algorithm: 'sha256', hex: 'ab'.repeat(32) } as const;
      assert.deepEqual(httpOf(`type: http, digest: "${digest}"`), httpPart({ status: OK, digest: wanted }));
    }
  });

  it('make several requests, which take from the check what they do not say', () => {
    assert.deepEqual(
      httpOf(`type: http, host: a.example, headers: { x-a: "1", x-b: "2" }, status: [204], body: up,
        urls: [{ path: /1 }, { path: /2, method: POST, host: b.example, headers: { X-B: "3" }, status: [201], body: made }]`),
      httpPart({
        urls: [
          {
            path: '/1',
            host: 'a.example',
            headers: { 'x-a': '1', 'x-b': '2' },
            status: [{ from: 204, to: 204 }],
            body: 'up',
          },
          {
            path: '/2',
            method: 'POST',
            host: 'b.example',
            headers: { 'x-a': '1', 'x-b': '3' },
            status: [{ from: 201, to: 201 }],
            body: 'made',
          },
        ],
      }),
    );
  });

  it('speak either version, written as text or as a number', () => {
    for (const version of ['2', '"2"']) assert.equal(httpOf(`type: http, version: ${version}`).version, '2');
    for (const version of ['1.1', '"1.1"']) assert.equal(httpOf(`type: http, version: ${version}`).version, '1.1');
  });

  it('introduce themselves and read the weight', () => {
    assert.deepEqual(
      httpOf('type: http, proxy_protocol: v2, weight_header: X-Weight'),
      httpPart({ status: OK, proxyProtocol: 'v2', weightHeader: 'x-weight' }),
    );
  });

  it('over TLS check the certificate for the host, and take other wishes', () => {
    const careful = { serverName: null, verify: true, caFile: null, expiryWarningDays: 14 };
    assert.deepEqual(httpOf('type: https').tls, careful);
    assert.deepEqual(httpOf('type: https, host: "a.example:8443"').tls, { ...careful, serverName: 'a.example' });
    assert.deepEqual(httpOf('type: https, host: "[2001:db8::1]:8443"').tls, { ...careful, serverName: '2001:db8::1' });
    assert.deepEqual(httpOf('type: https, verify: false').tls, { ...careful, verify: false });
    assert.deepEqual(
      httpOf('type: https, host: a.example, tls: { server_name: b.example, ca_file: /etc/ca.pem, expiry_warning: 30d }')
        .tls,
      { serverName: 'b.example', verify: true, caFile: '/etc/ca.pem', expiryWarningDays: 30 },
    );
    assert.deepEqual(httpOf('type: https, tls: { verify: false, expiry_warning: 0d }').tls, {
      ...careful,
      verify: false,
      expiryWarningDays: 0,
    });
  });
});

describe('config: grpc checks', () => {
  const grpcOf = (text: string) => {
    const check = checkOf(text);
    assert.ok(check.type === 'grpc');
    return { service: check.service, tls: check.tls };
  };

  it('ask for the whole server without TLS, or for a service with it', () => {
    assert.deepEqual(grpcOf('type: grpc'), { service: '', tls: null });
    assert.deepEqual(grpcOf('type: grpc, service: shop.Cart, tls: true'), {
      service: 'shop.Cart',
      tls: { serverName: null, verify: true, caFile: null, expiryWarningDays: 14 },
    });
    assert.deepEqual(grpcOf('type: grpc, tls: { server_name: a.example, verify: false }').tls, {
      serverName: 'a.example',
      verify: false,
      caFile: null,
      expiryWarningDays: 14,
    });
  });
});
