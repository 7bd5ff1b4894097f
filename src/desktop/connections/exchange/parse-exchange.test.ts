import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { codePoint } from '../../../code-point.fixture.ts'
import { connectionSettings, type ConnectionSettings } from '../../wire/connection.ts'
import { checkConnection } from '../check-connection.ts'
import { parseExchange } from './parse-exchange.ts'

const pem = '-----BEGIN CERTIFICATE-----\nAAE+/w==\n-----END CERTIFICATE-----\n'
const conn = { name: 'db', protocol: 'TCP', remoteAddr: 'db.corp:5432' }

async function read(text: string): Promise<readonly ConnectionSettings[]> {
  const { connections, problems } = await parseExchange('f', text)
  assert.deepEqual(problems, [])
  return connections.map(({ settings }) => settings)
}

async function readRecord(record: object): Promise<Partial<ConnectionSettings> | undefined> {
  return (await read(JSON.stringify({ records: [record] })))[0]
}

/** As `line:column path: message`. */
async function problemsOf(text: string): Promise<readonly string[]> {
  const { connections, problems } = await parseExchange('f', text)
  assert.deepEqual(connections, [])
  return problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}

describe('our own form', () => {
  test('is YAML or JSON, with or without a byte order mark and CRLF', async () => {
    const yaml = 'connections:\n  - name: db\n    destination: db.corp:5432\n    listen: 5433\n'
    const [settings] = await read(yaml)
    assert.deepEqual([settings?.name, settings?.listen, settings?.tags], ['db', '5433', []])
    assert.deepEqual(await read(`\ufeff${yaml.replaceAll('\n', '\r\n')}`), [settings])
    const json = { connections: [{ name: 'db', destination: 'db.corp:5432', listen: '5433' }] }
    assert.deepEqual(await read(`\ufeff${JSON.stringify(json, undefined, '\t')}`), [settings])
  })

  test('names every fault at its place, those of what the texts mean too', async () => {
    const text = `connections:
  - name: db
    destination: db.corp
    gatway: gate.corp
  - destination: db.corp:5432
`
    assert.deepEqual(await problemsOf(text), [
      '4:5 connections[0].gatway: unknown key',
      '5:5 connections[1].name: is required: text',
    ])
    assert.deepEqual(
      await problemsOf(text.replace(/ {4}gatway.*\n/, '').replace('- dest', '- name: x\n    dest')),
      ['3:18 connections[0].destination: "db.corp" is not a destination'],
    )
  })

  test("takes the daemon's own file, whose ids and addresses it makes anew", async () => {
    const saved = { id: 'c-1', name: 'db', destination: 'db.corp:5432', address: '127.1.2.3:5432' }
    const [settings] = await read(JSON.stringify({ version: 1, connections: [saved] }))
    assert.ok(settings !== undefined && !('id' in settings) && !('address' in settings))
    assert.match((await problemsOf(JSON.stringify({ connections: [saved] }))).join(), /unknown key/)
  })

  test('is what everything else is held to be', async () => {
    assert.deepEqual(await problemsOf('connection: []'), [
      'undefined:undefined connections: is required: a list',
      '1:1 connection: unknown key',
    ])
    for (const text of ['', 'a', '[]', '7', 'null']) {
      const [problem = ''] = await problemsOf(text)
      assert.match(problem, /must be a mapping|is required/, text)
    }
  })
})

describe("Pomerium's form", () => {
  test('is an Any, or the records alone, with the names of either spelling', async () => {
    const type = 'type.googleapis.com/pomerium.cli.Records'
    const snake = {
      name: 'db',
      protocol: 1,
      remote_addr: 'db.corp:5432',
      listen_addr: ':5432',
      pomerium_url: 'https://gate.corp',
      disable_tls_verification: true,
      client_cert_from_store: { issuer_filter: 'CN=a', subject_filter: '' },
      autostart: true,
    }
    const record = { id: 'x', tags: ['a', 'a', ' b '], conn: snake, source: 'portal-route-1' }
    const camel = JSON.parse(
      JSON.stringify(record).replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    ) as object
    const settings = await readRecord(record)
    assert.deepEqual(await readRecord(camel), settings)
    assert.deepEqual(await read(JSON.stringify({ '@type': type, records: [record] })), [settings])
    assert.deepEqual(JSON.parse(JSON.stringify(settings)), {
      name: 'db',
      protocol: 'tcp',
      destination: 'db.corp:5432',
      listen: ':5432',
      gateway: 'https://gate.corp',
      disable_tls_verification: true,
      client_cert_from_store: { issuer: 'CN=a' },
      tags: ['a', 'b'],
      start_at_launch: true,
      source: 'portal-route-1',
    })
  })

  test('has bytes in either base64, padded or not', async () => {
    const standard = Buffer.from(`${pem}\u00ff\u00fe?>`).toString('base64')
    const url = Buffer.from(`${pem}\u00ff\u00fe?>`).toString('base64url')
    assert.notEqual(standard.replaceAll('=', ''), url)
    const read = await Promise.all(
      [standard, standard.replaceAll('=', ''), url].map((caCert) =>
        readRecord({ conn: { ...conn, caCert } }),
      ),
    )
    assert.deepEqual(
      read.map((settings) => settings?.ca_cert),
      Array.from({ length: 3 }, () => `${pem}\u00ff\u00fe?>`),
    )
  })

  test('keeps what cannot be up here, and says why', async () => {
    const records = [
      { conn: { ...conn, protocol: 2, remoteAddr: 'udp+https://dns.corp:53' } },
      { conn: { ...conn, protocol: 'UNKNOWN', remoteAddr: 'udp+https://dns.corp:53' } },
      { conn: { ...conn, clientCertFromStore: {} } },
      { conn },
    ]
    const { connections } = await parseExchange('f', JSON.stringify({ records }))
    assert.deepEqual(
      connections.map(({ unsupported }) => unsupported?.split(':')[0]),
      [
        'UDP is not supported',
        'UDP is not supported',
        'the certificate store of the system cannot be used',
        undefined,
      ],
    )
  })

  test('has gateways with a path, which means nothing, and connections without a name', async () => {
    const odd = { remoteAddr: 'db.corp:5432', pomeriumUrl: 'https://gate.corp:8443/db.corp:5432' }
    const settings = await readRecord({ conn: { ...odd, listenAddr: '', name: null } })
    assert.deepEqual(
      [settings?.name, settings?.gateway, settings?.listen],
      ['db.corp:5432', 'https://gate.corp:8443', undefined],
    )
    const extended = await readRecord({ conn: { name: ' ', remoteAddr: 'https://gate/a.b:1' } })
    assert.equal(extended?.name, 'a.b:1')
  })

  test('names fields that nobody knows, with their lines, and takes the rest', async () => {
    const text = `{"records": [{
      "conn": {"name": "db", "remoteAddr": "db.corp:5432",
        "colour": "red", "__proto__": {"name": "other"}},
      "clientCert": {}
    }], "more": 1}`
    const { connections, unknownFields } = await parseExchange('f', text)
    assert.equal(connections[0]?.settings.name, 'db')
    assert.deepEqual(unknownFields, [
      'more (line 5)',
      'records[0].clientCert (line 4)',
      'records[0].conn.colour (line 3)',
      'records[0].conn.__proto__ (line 3)',
    ])
  })

  test('with one fault nothing is taken, and each fault has its place', async () => {
    const bad = {
      name: 7,
      protocol: 'SCTP',
      remoteAddr: 'nowhere',
      remote_addr: 'db.corp:1',
      listenAddr: ':1',
      disableTlsVerification: 'yes',
      caCert: 'not base64!',
      clientCert: { cert: Buffer.from(pem).toString('base64') },
    }
    const text = JSON.stringify(
      { '@type': 'x/y.Z', records: [{ conn }, { conn: bad }, {}, 7] },
      undefined,
      1,
    )
    const problems = await problemsOf(text)
    assert.deepEqual(
      problems.map((problem) => problem.replace(/^\d+:\d+ /, '')),
      [
        '@type: must be "type.googleapis.com/pomerium.cli.Records", not "x/y.Z"',
        'records[1].conn.remote_addr: "remote_addr" is given twice',
        'records[1].conn.name: must be text, not 7',
        'records[1].conn.protocol: must be one of "UNKNOWN", "TCP", "UDP", not "SCTP"',
        'records[1].conn.disableTlsVerification: must be true or false, not "yes"',
        'records[1].conn.caCert: must be base64 of a PEM text',
        'records[2]: has no "conn": nothing says where it leads',
        'records[3]: must be a mapping of keys to values, not 7',
      ].map((problem) => problem.replace('@type', '["@type"]')),
    )
    assert.ok(problems.every((problem) => /^\d+:\d+ /.test(problem)))
    assert.deepEqual(
      (await problemsOf(JSON.stringify({ records: [{ conn: { name: 'x' } }] }))).map(
        (problem) => problem.split(' ', 2)[1],
      ),
      ['records[0].conn.remoteAddr:'],
    )
  })

  test('a certificate without its key is a fault at the certificate', async () => {
    const cert = Buffer.from(pem).toString('base64')
    const text = JSON.stringify({ records: [{ conn: { ...conn, clientCert: { cert } } }] })
    assert.deepEqual(await problemsOf(text), [
      '1:92 records[0].conn.clientCert: a client certificate needs both its certificate and its key',
    ])
  })
})

describe('a text of somebody who means harm', () => {
  test('is answered with connections that can be had, or with faults, and never with an error', async () => {
    let taken = 0
    const words = `records connections @type conn name remoteAddr remote_addr tags clientCert cert protocol caCert
      destination listen __proto__ version`
    const key = fc.constantFrom(...words.split(/\s+/))
    const leaf = fc.oneof(
      fc.constantFrom('db.corp:5432', 'TCP', 'UDP', 2, -1, 1.5, '', null, true, 'AAAA'),
      fc.string({ unit: codePoint, maxLength: 8 }),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        leaf,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 6 }),
      ),
    }))
    const valid = { name: 'db', destination: 'db.corp:5432' }
    const validTheirs = { name: 'db', remoteAddr: 'db.corp:5432' }
    const written = fc.dictionary(key, value, { maxKeys: 2 })
    const connection = written.map((it) => ({ ...valid, ...it }))
    const conn = written.map((it) => ({ ...validTheirs, ...it }))
    const record = fc.record({ conn, tags: value }, { requiredKeys: ['conn'] })
    const text = fc.oneof(
      fc.record({ records: fc.array(record, { maxLength: 3 }) }).map((it) => JSON.stringify(it)),
      fc.record({ connections: fc.array(connection) }).map((it) => JSON.stringify(it)),
      value.map((it) => JSON.stringify(it)),
      fc.string({ unit: codePoint }),
    )
    await fc.assert(
      fc.asyncProperty(text, async (any) => {
        const { connections, problems } = await parseExchange('f', any)
        assert.ok(problems.length === 0 || connections.length === 0)
        for (const { settings } of connections)
          assert.deepEqual(checkConnection(connectionSettings.parse(settings)).faults, [])
        taken += connections.length
      }),
      // Of 150 some four could be had, and once in a hundred times none.
      { numRuns: 600 },
    )
    assert.ok(taken > 0, 'none of them could be had')
  })

  test('that is broken, or nested without end, is one fault', async () => {
    const deep = 100_000
    for (const text of [
      '{"records": [',
      '['.repeat(deep),
      '{"records":['.repeat(deep),
      '['.repeat(4 * 1024 * 1024),
      'x'.repeat(8 * 1024 * 1024),
      ' '.repeat(8 * 1024 * 1024 + 1),
    ]) {
      const { problems, connections } = await parseExchange('f', text)
      assert.deepEqual([problems.length > 0, connections], [true, []], text.slice(0, 20))
    }
  })

  test('whose JSON is too long to be taken apart says its faults without a line', async () => {
    const source = 'x'.repeat(4_000)
    const records = Array.from({ length: 400 }, () => ({ conn, source }))
    const text = `\ufeff${JSON.stringify({ records })}`
    assert.equal((await read(text)).length, 400)
    const { problems } = await parseExchange('f', text.replace('5432', '0'))
    assert.deepEqual(
      problems.map(({ path, line }) => [path, line]),
      [['records[0].conn.remoteAddr', undefined]],
    )
    const { problems: none } = await parseExchange('f', `${text}}`)
    assert.match(none[0]?.message ?? '', /^is longer than 1 MiB, and not JSON: /)
  })

  test('no key of a prototype becomes a setting', async () => {
    const text = '{"connections": [{"__proto__": {"name": "db", "destination": "db.corp:5432"}}]}'
    assert.match((await problemsOf(text)).join(), /connections\[0\]\.name: is required/)
    assert.equal(Reflect.get({}, 'name'), undefined)
  })

  test('a name that would move the cursor or turn the line is a fault', async () => {
    for (const name of ['a\u001b[2Jb', 'a\nb', 'a\u202eb', 'a\u200bb', 'a\ud800b']) {
      const records = [{ conn: { ...conn, name } }]
      const [problem = ''] = await problemsOf(JSON.stringify({ records }))
      assert.match(problem, /records\[0\]\.conn\.name: must be one line/)
    }
  })

  test('a key is never repeated', async () => {
    const clientKey = `-----BEGIN PRIVATE KEY-----\n${'SECRET'.repeat(100_000)}`
    const ours = {
      connections: [{ name: 'db', destination: 'db.corp:5432', client_key: clientKey }],
    }
    const key = Buffer.from(clientKey).toString('base64')
    const theirs = { records: [{ conn: { ...conn, clientCert: { cert: 'SECRET', key } } }] }
    for (const text of [JSON.stringify(ours), JSON.stringify(theirs)])
      assert.doesNotMatch((await problemsOf(text)).join(), /SECRET|U0VDUkVU/)
  })

  test('a hundred fields that nobody knows are named, and the others counted', async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 1]))
    const { unknownFields } = await parseExchange('f', JSON.stringify({ records: [], ...many }))
    assert.deepEqual([unknownFields.length, unknownFields.at(-1)], [101, '19900 more'])
  })

  test('ten thousand records are read, and one more is a fault', async () => {
    const records = Array.from({ length: 10_000 }, (_, index) => ({
      conn: { name: `db ${index}`, remoteAddr: 'db.corp:5432' },
    }))
    assert.equal((await read(JSON.stringify({ records }))).length, 10_000)
    const problems = await problemsOf(JSON.stringify({ records: [...records, { conn }] }))
    assert.match(problems.join(), /records: must have at most 10000 entries$/)
  })
})
