/** gRPC checks against the gRPC library of Python, with a health service made from its .proto by Google's protobuf. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { GrpcCheckConfig } from '../../../src/config/checks/grpc.ts';
import { CAREFUL_TLS } from '../../../src/config/checks/tls.ts';
import { GrpcTarget } from '../../../src/sys/probe-grpc.ts';
import { PLAIN_CHECK } from '../../support/plain-check.ts';
import { LOOPBACK, selfSigned } from '../../support/probe-servers.ts';
import {
  fileIn,
  freePort,
  listening,
  programFolder,
  requireProgram,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';

/** Debian's: it has the package python3-grpcio. */
const PYTHON = '/usr/bin/python3';

/** Arguments: port, TLS port, port without a health service, certificate, key. */
const SERVER = `
import sys, time
from concurrent import futures
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
plain, tls, bare, cert, key = sys.argv[1:]
file = descriptor_pb2.FileDescriptorProto(name='health.proto', package='grpc.health.v1', syntax='proto3')
asked = file.message_type.add(name='HealthCheckRequest')
asked.field.add(name='service', number=1, type=9, label=1)
said = file.message_type.add(name='HealthCheckResponse')
status = said.enum_type.add(name='ServingStatus')
for number, name in enumerate(['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']):
    status.value.add(name=name, number=number)
said.field.add(name='status', number=1, type=14, label=1, type_name='.grpc.health.v1.HealthCheckResponse.ServingStatus')
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
made = getattr(message_factory, 'GetMessageClass', None) or message_factory.MessageFactory(pool).GetPrototype
Request = made(pool.FindMessageTypeByName('grpc.health.v1.HealthCheckRequest'))
Response = made(pool.FindMessageTypeByName('grpc.health.v1.HealthCheckResponse'))
STATUS = {'': 1, 'shop.Cart': 1, 'shop.Sold': 2, 'shop.New': 0}
def check(request, context):
    if request.service == 'shop.Slow':
        time.sleep(0.6)
    if request.service == 'shop.Busy':
        context.abort(grpc.StatusCode.UNAVAILABLE, 'shutting down')
    if request.service not in STATUS:
        context.abort(grpc.StatusCode.NOT_FOUND, '')
    return Response(status=STATUS[request.service])
method = grpc.unary_unary_rpc_method_handler(
    check, request_deserializer=Request.FromString, response_serializer=Response.SerializeToString)
def serve(*handlers):
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers(handlers)
    return server
health = serve(grpc.method_handlers_generic_handler('grpc.health.v1.Health', {'Check': method}))
health.add_insecure_port('127.0.0.1:' + plain)
pair = (open(key, 'rb').read(), open(cert, 'rb').read())
health.add_secure_port('127.0.0.1:' + tls, grpc.ssl_server_credentials([pair]))
health.start()
other = serve()
other.add_insecure_port('127.0.0.1:' + bare)
other.start()
print('ready', flush=True)
health.wait_for_termination()
`;

describe('grpc checks against gRPC for Python', function () {
  this.timeout(30_000);
  let plain = 0;
  let secure = 0;
  let bare = 0;
  let caFile = '';

  before(async function () {
    requireProgram(this, PYTHON, 'python3-grpcio python3-protobuf');
    if (spawnSync(PYTHON, ['-c', 'import grpc, google.protobuf']).status !== 0) {
      requireProgram(this, '/no/python3-grpcio', 'python3-grpcio python3-protobuf');
    }
    const folder = programFolder();
    const certificate = selfSigned('probe.test', 10);
    caFile = fileIn(folder, 'cert.pem', certificate.cert);
    const key = fileIn(folder, 'key.pem', certificate.key);
    [plain, secure, bare] = [await freePort(), await freePort(), await freePort()];
    const script = fileIn(folder, 'server.py', SERVER);
    const args = [script, plain, secure, bare, caFile, key].map(String);
    await startProgram(PYTHON, args, { ready: (program) => program.output().includes('ready') && listening(bare)() });
  });
  after(stopPrograms);

  async function probe(port: number, check: Partial<GrpcCheckConfig> = {}): Promise<string> {
    const base = { ...PLAIN_CHECK, address: LOOPBACK, port, type: 'grpc', service: '', tls: null } as const;
    const target = new GrpcTarget({ ...base, ...check });
    const result = await target.probe();
    target.close();
    return result.ok ? `passed ${result.warning ?? ''}`.trim() : `${result.reason}: ${result.detail}`;
  }

  const rows: [service: string, wanted: string | RegExp][] = [
    ['', 'passed'],
    ['shop.Cart', 'passed'],
    ['shop.Sold', 'told: service shop.Sold says NOT_SERVING'],
    ['shop.New', 'answer: service shop.New says UNKNOWN: its health was not set yet'],
    ['shop.None', /^answer: service shop\.None is not known to the health service \(gRPC status 5 NOT_FOUND\)/],
    ['shop.Busy', 'status: gRPC status 14 UNAVAILABLE: shutting down'],
    ['shop.Slow', /^(?:timeout: no answer within 300 ms|status: gRPC status 4 DEADLINE_EXCEEDED)/],
  ];
  for (const [service, wanted] of rows) {
    it(`${service === '' ? 'the whole server' : service}: ${wanted}`, async () => {
      for (let i = 0; i < 2; i++) {
        const said = await probe(plain, { service, timeoutMs: service === 'shop.Slow' ? 300 : 2000 });
        if (typeof wanted === 'string') assert.equal(said, wanted);
        else assert.match(said, wanted);
      }
    });
  }

  it('without a health service: UNIMPLEMENTED', async () => {
    assert.match(await probe(bare), /^answer: the server has no gRPC health service \(gRPC status 12 UNIMPLEMENTED\)/);
  });

  it('over TLS, with the certificate checked', async () => {
    const tls = { ...CAREFUL_TLS, serverName: 'probe.test', caFile, expiryWarningDays: 0 };
    assert.equal(await probe(secure, { tls }), 'passed');
    assert.match(
      await probe(secure, { tls: { ...tls, expiryWarningDays: 30 } }),
      /^passed certificate expires in 9 days/,
    );
    assert.match(await probe(secure, { tls: { ...tls, serverName: 'other.test' } }), /^tls: .*other\.test/);
    assert.match(await probe(secure), /^(?:closed|reset|protocol): /);
    assert.match(await probe(plain, { tls, timeoutMs: 500 }), /^(?:tls|closed|reset|timeout): /);
  });
});
