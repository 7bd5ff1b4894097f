import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  connectionSettings,
  type ConnectionInput,
  type SavedConnection,
} from '../../wire/connection.ts'
import {
  exportConnections,
  exportedFiles,
  fileStem,
  type ExportOptions,
} from './export-connections.ts'
import { parseExchange } from './parse-exchange.ts'

const cert = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const key = '-----BEGIN PRIVATE KEY-----\nS0VZ\n-----END PRIVATE KEY-----\n'
const all: ExportOptions = { format: 'pomerium', tags: true, keys: true }

function saved(input: Partial<ConnectionInput>, id = 'c-1'): SavedConnection {
  const settings = connectionSettings.parse({ name: 'db', destination: 'db.corp:5432', ...input })
  return { ...settings, id, address: '127.1.2.3:5432' }
}

function exported(
  input: Partial<ConnectionInput>,
  options: Partial<ExportOptions> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const file = exportConnections(
    [saved(input)],
    { ...all, ...options },
    new Map(Object.entries(files)),
  )
  const parse = () => JSON.parse(file.text) as { records: [{ conn: Record<string, unknown> }] }
  return { ...file, conn: () => parse().records[0].conn }
}

const words = (unit: 'grapheme' | 'binary') =>
  fc.string({ minLength: 1, maxLength: 20, unit }).filter((text) => text.trim() !== '')
const name = words('grapheme').filter((text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(text))
const pem = fc.string({ maxLength: 60 }).map((body) => `-----BEGIN CERTIFICATE-----\n${body}\n`)
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })
const tls = fc.oneof(
  fc.record({ disable_tls_verification: fc.constant(true) }),
  fc.record({ ca_cert: maybe(pem) }),
)
const client = fc.oneof(fc.constant({}), fc.record({ client_cert: pem, client_key: pem }))
const settings = fc
  .tuple(
    fc.record({
      name,
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      destination: fc.constantFrom('db.corp:5432', '[fd00::1]:22', '10.0.0.1:1'),
      listen: maybe(fc.constantFrom(':5432', '127.0.0.1:0', '[::1]:22')),
      gateway: maybe(fc.constantFrom('https://gate.corp', 'https://gate.corp:8443')),
      client_cert_from_store: maybe(
        fc.record({ issuer: maybe(words('grapheme')), subject: maybe(words('grapheme')) }),
      ),
      tags: fc.uniqueArray(
        name.map((text) => text.trim()),
        { maxLength: 3 },
      ),
      start_at_launch: fc.boolean(),
      source: maybe(words('grapheme')),
    }),
    tls,
    client,
  )
  .map(([one, two, three]) => connectionSettings.parse({ ...one, ...two, ...three }))

describe('exported and imported again', () => {
  for (const format of ['postern', 'pomerium'] as const) {
    test(`connections are what they were, in the form of ${format}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(settings, { maxLength: 5 }), async (list) => {
          const kept = list.map((one, index) => ({ ...one, id: `c-${index}` }))
          const { text, left_out } = exportConnections(kept, { ...all, format }, new Map())
          const { connections, problems, format: found } = await parseExchange('f', text)
          assert.deepEqual([problems, left_out, found], [[], [], format])
          assert.deepEqual(
            connections.map((one) => JSON.parse(JSON.stringify(one.settings)) as unknown),
            JSON.parse(JSON.stringify(list)),
          )
        }),
      )
    })
  }
})

describe("the form of a team's file", () => {
  test('says on top what it is for, and nothing that has its default', () => {
    const { text, file_name } = exported({ tags: ['x'] }, { format: 'postern' })
    const [head = '', ...lines] = text.split('\n')
    assert.match(head, /^# .*postern up -f FILE/)
    assert.deepEqual(lines, [
      'connections:',
      '  - name: db',
      '    destination: db.corp:5432',
      '    tags:',
      '      - x',
      '',
    ])
    assert.equal(file_name, 'db.yaml')
    assert.doesNotMatch(exported({ tags: ['x'] }, { format: 'postern', tags: false }).text, /tags/)
  })

  test('has private keys only where somebody asks for them', () => {
    const input = { client_cert: cert, client_key: key }
    const { text, left_out } = exported(input, { format: 'postern', keys: false })
    assert.doesNotMatch(text, /KEY|CERTIFICATE/)
    assert.deepEqual(left_out, [
      'the client certificate of "db", whose private key is not exported',
    ])
    assert.match(exported(input, { format: 'postern' }).text, /BEGIN PRIVATE KEY/)
  })

  test('names files as they are, and says that it does not hold them', () => {
    const { text, left_out } = exported({ ca_file: '/etc/ca.pem' }, { format: 'postern' })
    assert.match(text, /ca_file: \/etc\/ca\.pem/)
    assert.deepEqual(left_out, ['what "/etc/ca.pem" holds, which "db" names'])
    assert.deepEqual(
      exportedFiles([saved({ ca_file: '/etc/ca.pem' })], { ...all, format: 'postern' }),
      [],
    )
  })
})

describe("Pomerium's form", () => {
  test('has what files hold, and of that certificates alone', () => {
    const input = { ca_file: '/a', client_cert_file: '/b', client_key_file: '/c' }
    assert.deepEqual(exportedFiles([saved(input), saved(input)], all), ['/a', '/b', '/c'])
    assert.deepEqual(exportedFiles([saved(input)], { ...all, keys: false }), ['/a'])
    const files = { '/a': `secret\n${cert}${key}more\n`, '/b': cert + key, '/c': cert + key }
    const { conn, left_out } = exported(input, {}, files)
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    assert.deepEqual(conn(), {
      name: 'db',
      protocol: 'TCP',
      remoteAddr: 'db.corp:5432',
      caCert: base64(cert),
      clientCert: { cert: base64(cert), key: base64(key) },
    })
    assert.deepEqual(left_out, [])
    const without = exported(input, { keys: false }, files)
    assert.equal(without.conn()['clientCert'], undefined)
    assert.deepEqual(without.left_out, [
      'the client certificate of "db": its private key is not exported',
    ])
  })

  test('says what it has no place for', () => {
    const { conn, left_out } = exported({
      listen: 'unix:/run/db.sock',
      ca_cert: cert,
      disable_tls_verification: true,
      client_cert_file: '/b',
      client_key_file: '/c',
    })
    assert.deepEqual(conn(), {
      name: 'db',
      protocol: 'TCP',
      remoteAddr: 'db.corp:5432',
      disableTlsVerification: true,
    })
    assert.deepEqual(left_out, [
      'the certificate authority of "db": Pomerium takes none where TLS is not verified',
      'the client certificate of "db": "/b" and "/c" cannot be read',
      'the local address of "db": Pomerium has no Unix sockets',
    ])
    assert.deepEqual(exported({ ca_file: '/a' }, {}, { '/a': 'no PEM' }).left_out, [
      'the certificate authority of "db": "/a" holds no certificate that can be read',
    ])
  })

  test('has addresses as Pomerium reads them', () => {
    const { conn } = exported({ listen: '5432', gateway: 'gate.corp:8443' })
    assert.equal(conn()['listenAddr'], '127.0.0.1:5432')
    assert.equal(conn()['pomeriumUrl'], 'https://gate.corp:8443')
  })
})

test('a connection at a remembered gateway leads there elsewhere, too, by its address and with its authority', () => {
  const work = { name: 'work', url: 'https://gate.corp:8443', ca: cert, knownNames: [] }
  const office = { name: 'office', url: 'https://office.corp', knownNames: [] }
  const remembered = { gateways: [work, office], defaultName: 'office' }
  const given = cert.replace('AAAA', 'BBBB')
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  for (const [input, url, ca] of [
    [{ gateway: 'work' }, work.url, base64(cert)],
    [{}, office.url, undefined],
    [{ gateway: 'elsewhere.corp' }, 'https://elsewhere.corp', undefined],
    // Written for its own host, and not for what is remembered.
    [{ ca_cert: given }, undefined, base64(given)],
  ] as const) {
    const { text } = exportConnections([saved(input)], all, new Map(), remembered)
    const { conn } = (JSON.parse(text) as { records: [{ conn: Record<string, unknown> }] })
      .records[0]
    assert.deepEqual([conn['pomeriumUrl'], conn['caCert']], [url, ca], JSON.stringify(input))
  }
  const ours = exportConnections(
    [saved({ gateway: 'work' })],
    { ...all, format: 'postern' },
    new Map(),
    remembered,
  )
  assert.match(ours.text, /gateway: work\n/)
})

test('the name of a file is one on every system', () => {
  const cases = [
    ['orders db', 'orders-db'],
    ['../../etc/passwd', 'etc-passwd'],
    ['größer "x"', 'größer-x'],
    ['NUL', 'NUL-'],
    ['com1', 'com1-'],
    ['...', ''],
    ['😀'.repeat(100), ''],
  ] as const
  for (const [from, to] of cases) assert.equal(fileStem(from), to)
  const name = (count: number, format: 'postern' | 'pomerium'): string =>
    exportConnections(
      Array.from({ length: count }, (_, index) => saved({ name: '...' }, `c-${index}`)),
      { ...all, format },
      new Map(),
    ).file_name
  assert.equal(name(1, 'postern'), 'connections.yaml')
  assert.equal(name(2, 'pomerium'), 'pomerium-connections.json')
})
