import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FileText } from '../file-text.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import { buildRoute, openRoute, type OpenedRoute } from './open-route.ts'
import { parseRoute } from './parse-route.ts'
import type { NewRoute } from './route.ts'

const authority = await createCertificateAuthority()
const [mine, other] = [await authority.issue(['gate']), await authority.issue(['gate'])]
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const nowMs = Date.now()
const rules = { clientCertificates: 'none' } as const
const tcp = { from: 'tcp+https://db.example.com:5432', to: 'tcp://10.0.0.1:5432', policy: [] }
const gated = { ...tcp, to: 'https://gate.example.com' }

/** Opens a route beside files by name. */
function open(
  plain: object,
  files: Readonly<Record<string, string>> = {},
  known?: NewRoute,
): Promise<OpenedRoute> {
  const readFile = (path: string): Promise<FileText> => {
    const text = files[path]
    return Promise.resolve(
      text === undefined
        ? { ok: false, message: `cannot read "${path}"` }
        : { ok: true, text, readableBy: 'others' },
    )
  }
  return openRoute(parseRoute(plain, rules), { readFile, nowMs, known: () => known })
}

const told = ({ faults, warnings }: OpenedRoute): readonly string[] =>
  [...faults, ...warnings].map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('opening a route', () => {
  test('makes its id of its "from", unless it has one', async () => {
    const ids = [
      await open(tcp),
      await open({ ...tcp, name: 'other', to: 'tcp://10.0.0.2:1' }),
      await open({ ...tcp, from: 'tcp+https://db.example.com:5433' }),
      await open({ ...tcp, id: 'db' }),
    ].map(({ route }) => route?.id)
    assert.deepEqual(ids, ['96654bbc7a18720b', '96654bbc7a18720b', ids[2], 'db'])
    assert.match(ids[2] ?? '', /^(?!96654bbc7a18720b)[0-9a-f]{16}$/)
  })

  test('reads no file for a route whose certificates stand in it', async () => {
    const { cert, key } = mine
    const inline = { tls_client_cert: base64(cert), tls_client_key: base64(key) }
    const opened = await open({ ...gated, ...inline })
    assert.deepEqual(told(opened), [])
    const { way, definition } = opened.route ?? assert.fail()
    assert.ok(way.kind === 'next-gateway' && way.tls)
    assert.equal(definition.tls_client_key, base64(key))
  })

  test('tells what is wrong with its files, beside faults of its own too', async () => {
    const named = { tls_client_cert_file: 'a.crt', tls_client_key_file: 'a.key' }
    const plain = { ...gated, ...named, tls_custom_ca_file: 'ca' }
    const files = { 'a.crt': mine.cert, 'a.key': other.key }
    for (const route of [plain, { ...plain, timeout: 900 }]) {
      const opened = await open(route, files)
      assert.equal(opened.route, undefined)
      assert.deepEqual(told(opened), [
        'tls_custom_ca_file: cannot read "ca"',
        'tls_client_key_file: is not the key of its certificate',
        'tls_client_key_file: names a file with a secret that everybody on this machine can read',
      ])
    }
  })

  test('answers the route that it knows as long as nothing has changed in it or its files', async () => {
    const plain = { ...gated, tls_custom_ca_file: 'ca' }
    const { route: first } = await open(plain, { ca: authority.cert })
    const again = async (next: object, ca = authority.cert): Promise<boolean> =>
      (await open(next, { ca }, first)).route === first
    assert.ok(first)
    assert.ok(await again(plain))
    assert.ok(await again(Object.fromEntries(Object.entries(plain).toReversed())))
    assert.ok(!(await again({ ...plain, description: 'x' })))
    assert.ok(!(await again({ ...plain, policy: [{ allow: { or: [{ accept: true }] } }] })))
    assert.ok(!(await again(plain, mine.cert)))
    assert.ok(!(await again(plain, 'not PEM')))
  })

  test('never makes a route that would speak in the clear where it says https', () => {
    const { checked } = parseRoute(gated, rules)
    assert.ok(checked)
    assert.throws(() => buildRoute(checked), TypeError)
  })

  test('leads to a connector as its "to" says, and elsewhere once that is changed', async () => {
    const through = { ...tcp, to: 'connector://lab/10.0.0.1:5432' }
    const { route: first } = await open(through)
    const service = { host: '10.0.0.1', port: 5432 }
    assert.deepEqual(first?.way, { kind: 'connector', tunnel: 'lab', service })
    assert.equal((await open(through, {}, first)).route, first)
    const { route: other } = await open({ ...through, to: 'connector://' }, {}, first)
    assert.deepEqual(other?.way, { kind: 'connector', tunnel: undefined, service: undefined })
    assert.notEqual(other.fingerprint, first?.fingerprint)
  })
})
