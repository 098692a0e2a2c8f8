/**
 * Built-in presets of the tcp check. Each says good-bye as its protocol wants it, so that servers have nothing to complain
 * of. An expect before `starttls` takes the whole reply: what is left in clear would be a failure. Pure data.
 */
import type { PresetConfig } from './preset-form.ts';
import type { RawStep } from './steps.ts';

/** Replies that begin with three figures, perhaps after several lines (RFC 5321 section 4.2). */
const reply = (code: string): RawStep => ({
  expect: { regex: `^${code}[^-].*\\n` },
  reject: { regex: '^[45]\\d\\d' },
});
const said = (send: string, code: string): RawStep => ({ ...reply(code), send });

const EHLO = said('EHLO {helo}\r\n', '250');
const QUIT = said('QUIT\r\n', '221');
const HELO_NAME = { helo: 'lvsd.invalid' };

const smtp = (name: string, ...steps: readonly RawStep[]): PresetConfig => ({
  name,
  type: 'tcp',
  steps: [reply('220'), ...steps, QUIT],
  values: HELO_NAME,
});

const MAIL: readonly PresetConfig[] = [
  smtp('smtp', EHLO),
  smtp('smtp-starttls', EHLO, said('STARTTLS\r\n', '220'), { starttls: true }, EHLO),
  { ...smtp('smtps', EHLO), tls: true },
  // A submission server offers to log in, or to begin TLS so that one can (RFC 6409 section 4.3).
  smtp(
    'submission',
    { ...EHLO, expect: { regex: '(?i)^250[ -](AUTH|STARTTLS)' } },
    { expect: { regex: '^(250 .*)?\\n' } },
  ),
  smtp('submission-starttls', EHLO, said('STARTTLS\r\n', '220'), { starttls: true }, EHLO),
  { ...smtp('submissions', EHLO), tls: true },
  smtp('lmtp', said('LHLO {helo}\r\n', '250')),
];

/** Greeting (RFC 9051 section 7.1) and LOGOUT. */
const IMAP_GREETING: RawStep = { expect: { regex: '^\\* (OK|PREAUTH).*\\n' }, reject: { regex: '^\\* BYE' } };
const IMAP_LOGOUT: RawStep = { send: 'z LOGOUT\r\n', expect: { regex: '^z OK' }, reject: { regex: '^z (NO|BAD)' } };
/** Replies of POP3 (RFC 1939 section 3). */
const popReply: RawStep = { expect: { regex: '^\\+OK.*\\n' }, reject: { regex: '^-ERR' } };

const MAILBOXES: readonly PresetConfig[] = [
  { name: 'imap', type: 'tcp', steps: [IMAP_GREETING, IMAP_LOGOUT] },
  {
    name: 'imap-starttls',
    type: 'tcp',
    steps: [
      IMAP_GREETING,
      { send: 'a STARTTLS\r\n', expect: { regex: '^a OK.*\\n' }, reject: { regex: '^a (NO|BAD)' } },
      { starttls: true },
      IMAP_LOGOUT,
    ],
  },
  { name: 'imaps', type: 'tcp', tls: true, steps: [IMAP_GREETING, IMAP_LOGOUT] },
  { name: 'pop3', type: 'tcp', steps: [popReply, { ...popReply, send: 'QUIT\r\n' }] },
  {
    name: 'pop3-starttls',
    type: 'tcp',
    steps: [popReply, { ...popReply, send: 'STLS\r\n' }, { starttls: true }, { ...popReply, send: 'QUIT\r\n' }],
  },
  { name: 'pop3s', type: 'tcp', tls: true, steps: [popReply, { ...popReply, send: 'QUIT\r\n' }] },
  { name: 'nntp', type: 'tcp', steps: [reply('20[01]'), said('QUIT\r\n', '205')] },
  { name: 'nntps', type: 'tcp', tls: true, steps: [reply('20[01]'), said('QUIT\r\n', '205')] },
];

const FILES_AND_SHELLS: readonly PresetConfig[] = [
  { name: 'ftp', type: 'tcp', steps: [reply('220'), QUIT] },
  {
    name: 'ftp-starttls',
    type: 'tcp',
    steps: [reply('220'), said('AUTH TLS\r\n', '234'), { starttls: true }, QUIT],
  },
  // The server's version (RFC 4253 section 4.2), perhaps after other lines; ours, so that it does not miss it.
  {
    name: 'ssh',
    type: 'tcp',
    steps: [{ expect: { regex: '^SSH-(2\\.0|1\\.99)-.*\\n' } }, { send: 'SSH-2.0-lvsd\r\n' }],
  },
  { name: 'rsync', type: 'tcp', steps: [{ expect: { regex: '^@RSYNCD: \\d' }, reject: { regex: '^@ERROR' } }] },
];

/** A length of BER in one to five bytes (X.690 section 8.1.3). */
const BER_LENGTH = '(?:[\\x00-\\x7f]|\\x81[\\x00-\\xff]|\\x82[\\x00-\\xff]{2}|\\x84[\\x00-\\xff]{4})';
const LDAP_REPLY = `\\A\\x30${BER_LENGTH}\\x02\\x01\\x02\\x61${BER_LENGTH}\\x0a\\x01`;
/**
 * An anonymous bind (RFC 4511 section 4.2). Done, or refused because it is anonymous (8, 48): the server is well. Any
 * other result, such as 51 busy or 52 unavailable, is a failure. Then unbind.
 */
const LDAP_BIND: readonly RawStep[] = [
  {
    send: { hex: '30 0c 02 01 02 60 07 02 01 03 04 00 80 00' },
    expect: { regex: `${LDAP_REPLY}[\\x00\\x08\\x30]` },
    reject: { regex: `${LDAP_REPLY}[^\\x00\\x08\\x30]` },
  },
  { send: { hex: '30 05 02 01 03 42 00' } },
];
/** Extended request 1.3.6.1.4.1.1466.20037 (section 4.14). */
const LDAP_STARTTLS: RawStep = {
  send: { hex: '30 1d 02 01 01 77 18 80 16 312e332e362e312e342e312e313436362e3230303337' },
  expect: { hex: '30 0c 02 01 01 78 07 0a 01 00 04 00 04 00' },
};

/** Error 1045, "access denied": whoever says so takes logins. */
const MYSQL_END = '(\\x00|\\xff\\x15\\x04)';
/**
 * A greeting of protocol 10 to its end, and what becomes of a login without a password, also by another method if the
 * server asks for one: let in, or access denied. Hanging up before that counts as an error of this host, and after
 * `max_connect_errors` of them the server would block it.
 */
const MYSQL: readonly RawStep[] = [
  {
    expect: { regex: '\\A[\\x00-\\xff]{2}\\x00\\x00\\x0a[^\\x00]+\\x00[\\x00-\\xff]{43}\\x00[a-z0-9_]+\\x00' },
    reject: { regex: '\\A[\\x00-\\xff]{4}[^\\x0a]' },
  },
  {
    // Capabilities: long password, protocol 4.1, secure connection, and naming the method.
    send: {
      hex:
        `{length:user+56} 0000 01 01820800 00000001 21 ${'00'.repeat(23)} {user} 00 00 ` +
        '6d7973716c5f6e61746976655f70617373776f7264 00',
    },
    answer: {
      to: { regex: '\\A[\\x00-\\xff]{3}\\x02\\xfe[a-z0-9_]+\\x00[\\x00-\\xff]{20}\\x00' },
      // An empty password.
      send: { hex: '01 0000 03 00' },
    },
    expect: { regex: `\\A[\\x00-\\xff]{3}[\\x02\\x04]${MYSQL_END}` },
    reject: { regex: '\\A[\\x00-\\xff]{3}([\\x02\\x04]\\xff([^\\x15]|\\x15[^\\x04])|[^\\x02\\x04])' },
  },
  { send: { hex: '01 0000 00 01' } },
];

/**
 * The beginning of a session: asked to authenticate, let in, or refused for who we are (SQLSTATE 28) or for the database
 * (3D). "Starting up" (57P03) and "too many clients" (53300) are failures.
 */
const POSTGRES: readonly RawStep[] = [
  {
    send: {
      hex: '000000{length:user+database+25} 00030000 75736572 00 {user} 00 6461746162617365 00 {database} 00 00',
    },
    expect: { regex: '\\A(R|E[\\x00-\\xff]{4,80}\\x00C(28|3D))' },
    reject: { regex: '\\A([^RE]|E[\\x00-\\xff]{4,80}\\x00C(2[^8]|3[^D]|[^23]))' },
  },
  { send: { hex: '58 00000004' } },
];

const DATABASES: readonly PresetConfig[] = [
  { name: 'ldap', type: 'tcp', steps: LDAP_BIND },
  { name: 'ldaps', type: 'tcp', tls: true, steps: LDAP_BIND },
  { name: 'ldap-starttls', type: 'tcp', steps: [LDAP_STARTTLS, { starttls: true }, ...LDAP_BIND] },
  { name: 'mysql', type: 'tcp', steps: MYSQL, values: { user: 'lvsd' } },
  { name: 'postgres', type: 'tcp', steps: POSTGRES, values: { user: 'lvsd', database: 'postgres' } },
  // Alive, though perhaps not for everybody. -LOADING, -MASTERDOWN, -ERR max number of clients are failures.
  {
    name: 'redis',
    type: 'tcp',
    steps: [{ send: 'PING\r\n', expect: { regex: '^(\\+PONG|-NOAUTH|-NOPERM)' }, reject: { regex: '^-[^N]' } }],
  },
  {
    name: 'redis-auth',
    type: 'tcp',
    steps: [
      { send: 'AUTH {password}\r\n', expect: { regex: '^\\+OK\\r\\n' }, reject: { regex: '^-' } },
      { send: 'PING\r\n', expect: { regex: '^\\+PONG' }, reject: { regex: '^-' } },
    ],
  },
  {
    name: 'memcached',
    type: 'tcp',
    steps: [
      { send: 'version\r\n', expect: { regex: '^VERSION ' }, reject: { regex: '^(ERROR|CLIENT_ERROR|SERVER_ERROR)' } },
      { send: 'quit\r\n' },
    ],
  },
  // Needs 4lw.commands.whitelist=ruok. A server that is not healthy says nothing.
  { name: 'zookeeper', type: 'tcp', steps: [{ send: 'ruok', expect: 'imok' }] },
];

const MESSAGES: readonly PresetConfig[] = [
  // CONNECT of MQTT 3.1.1 and its CONNACK: let in (0), or not authorised (4, 5). Then DISCONNECT.
  {
    name: 'mqtt',
    type: 'tcp',
    steps: [
      {
        send: { hex: '10 {length:client+12} 0004 4d515454 04 02 003c 00{length:client} {client}' },
        expect: { regex: '\\A\\x20\\x02[\\x00\\x01][\\x00\\x04\\x05]' },
        reject: { regex: '\\A([^\\x20]|\\x20\\x02[\\x00\\x01][^\\x00\\x04\\x05])' },
      },
      { send: { hex: 'e0 00' } },
    ],
    values: { client: '' },
  },
  // Protocol header of AMQP 0-9-1 and connection.start.
  {
    name: 'amqp',
    type: 'tcp',
    steps: [{ send: { hex: '414d5150 00 00 09 01' }, expect: { hex: '01 0000 ???????? 000a 000a' } }],
  },
  // OPTIONS (RFC 3261 section 11): any answer but that it fails (5xx, 6xx).
  {
    name: 'sip',
    type: 'tcp',
    steps: [
      {
        send:
          'OPTIONS sip:{user}@{host}:{port};transport=tcp SIP/2.0\r\nVia: SIP/2.0/TCP {via};branch=z9hG4bK{random:16};rport\r\n' +
          'Max-Forwards: 70\r\nFrom: <sip:{user}@{via}>;tag={random}\r\nTo: <sip:{user}@{host}>\r\n' +
          'Call-ID: {random:20}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:{user}@{via};transport=tcp>\r\n' +
          'Accept: application/sdp\r\nUser-Agent: lvsd\r\nContent-Length: 0\r\n\r\n',
        expect: { regex: '^SIP/2\\.0 [2-4]\\d\\d ' },
        reject: { regex: '^SIP/2\\.0 [56]\\d\\d ' },
      },
    ],
    values: { user: 'lvsd', via: 'lvsd.invalid' },
  },
  {
    name: 'rtsp',
    type: 'tcp',
    steps: [
      {
        send: 'OPTIONS rtsp://{host}:{port}/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: lvsd\r\n\r\n',
        expect: { regex: '^RTSP/\\d\\.\\d [2-4]\\d\\d ' },
        reject: { regex: '^RTSP/\\d\\.\\d 5\\d\\d ' },
      },
    ],
  },
];

export const TCP_PRESETS: readonly PresetConfig[] = [
  ...MAIL,
  ...MAILBOXES,
  ...FILES_AND_SHELLS,
  ...DATABASES,
  ...MESSAGES,
];
