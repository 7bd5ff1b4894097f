import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { changeGateways } from './change-gateways.ts'
import { maxGatewaysBytes, readGateways, readGatewaysOrNone } from './gateways-file.ts'
import { decodeGateways, encodeGateways, type KnownGateways } from './known-gateway.ts'
import { withSignIn } from './remember.ts'

async function fileOf(t: TestContext, text?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-gateways-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'new', 'gateways.json')
  if (text === undefined) return path
  await mkdir(join(folder, 'new'))
  await writeFile(path, text)
  return path
}

const work = { gateway: { origin: 'https://gw.example.com', host: 'gw.example.com' } }
const add = (host: string) => (all: KnownGateways) =>
  withSignIn(all, { gateway: { origin: `https://${host}`, host } })

describe('the file of gateways', () => {
  test('keeps what a sign-in has found out, for its owner alone', async (t) => {
    const path = await fileOf(t)
    assert.deepEqual(await readGateways(path), { gateways: [], defaultName: undefined })
    const ca = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----'
    await changeGateways(path, (all) => withSignIn(all, { ...work, ca, account: 'a@example.com' }))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const url = work.gateway.origin
    assert.deepEqual(await readGateways(path), {
      gateways: [{ name: 'gw', url, ca, account: 'a@example.com', knownNames: [] }],
      defaultName: 'gw',
    })
    assert.deepEqual(await readdir(join(path, '..')), ['gateways.json'])
  })

  test('a text that is not this file is set aside, and its bytes stay', async (t) => {
    const entry = '{ "name": "a", "url": "https://a" }'
    for (const text of [
      '',
      '{ "version": 1, "gateways": [',
      '[]',
      '{ "version": 1, "gateways": {} }',
      '{ "version": 1, "gateways": [{ "name": "a b", "url": "https://a" }] }',
      '{ "version": 1, "gateways": [{ "name": "a\\u001b[2J", "url": "https://a" }] }',
      '{ "version": 1, "gateways": [{ "name": "a", "url": "http://a" }] }',
      '{ "version": 1, "gateways": [{ "name": "a", "url": "https://a", "ca": "-----" }] }',
      '{ "version": 1, "gateways": [{ "name": "a", "url": "https://a", "known_names": ["a"] }] }',
      `{ "version": 1, "gateways": [${entry}, ${entry}] }`,
      ' '.repeat(maxGatewaysBytes + 1),
    ]) {
      const path = await fileOf(t, text)
      const { gateways, damaged } = await readGateways(path, { nowMs: () => Date.UTC(2026, 0, 1) })
      assert.deepEqual(gateways, [], text.slice(0, 200))
      assert.equal(await readFile(damaged?.path ?? '', 'utf8'), text)
      await changeGateways(path, add('b.example.com'))
      assert.equal(await readFile(damaged?.path ?? '', 'utf8'), text)
    }
  })

  test('one of a later release is left where it is, and not written over', async (t) => {
    const text = '{ "version": 2 }'
    const path = await fileOf(t, text)
    await assert.rejects(readGateways(path), { code: 'gateways-unreadable' })
    await assert.rejects(changeGateways(path, add('a')), { code: 'gateways-unreadable' })
    assert.equal(await readFile(path, 'utf8'), text)
  })

  test('what is no file is not opened, and a command goes on without it', async (t) => {
    const path = await fileOf(t)
    await mkdir(path, { recursive: true })
    const told: string[] = []
    const all = await readGatewaysOrNone(path, ({ code }) => told.push(code))
    assert.deepEqual([all.gateways, told], [[], ['gateways-unreadable']])
    assert.deepEqual((await readGateways('/dev/null/postern/gateways.json')).gateways, [])
  })

  test('whoever writes at once is kept, each of them', async (t) => {
    const path = await fileOf(t)
    const hosts = Array.from({ length: 12 }, (_, index) => `gw${index}.example.com`)
    await Promise.all(hosts.map((host) => changeGateways(path, add(host))))
    const { gateways, defaultName } = await readGateways(path)
    assert.deepEqual(
      gateways.map(({ url }) => url).sort(),
      hosts.map((host) => `https://${host}`).sort(),
    )
    assert.ok(gateways.some(({ name }) => name === defaultName))
  })

  test('a link stays one, and what it leads to is written', async (t) => {
    const path = await fileOf(t)
    const real = join(path, '..', '..', 'kept-elsewhere.json')
    await mkdir(join(path, '..'))
    await writeFile(real, encodeGateways({ gateways: [], defaultName: undefined }))
    await symlink(real, path)
    await changeGateways(path, add('a.example.com'))
    assert.match(await readFile(real, 'utf8'), /a\.example\.com/)
    assert.deepEqual((await readGateways(path)).defaultName, 'a')
  })

  test('a change that throws writes nothing, and too much is refused', async (t) => {
    const path = await fileOf(t)
    await assert.rejects(
      changeGateways(path, () => {
        throw new Error('no')
      }),
      /no/,
    )
    const many = Array.from({ length: 101 }, (_, index) => ({
      name: `g${index}`,
      url: `https://g${index}`,
      knownNames: [],
    }))
    await assert.rejects(
      changeGateways(path, () => ({ gateways: many, defaultName: undefined })),
      { code: 'gateways-unwritable' },
    )
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })

  test('any JSON is read or is an error in words', () => {
    const entry = fc.record({ name: fc.string(), url: fc.webUrl(), ca: fc.jsonValue() })
    const like = fc.record({ version: fc.constant(1), gateways: fc.array(entry) })
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), like), (value) => {
        try {
          const read = decodeGateways(value)
          assert.deepEqual(decodeGateways(JSON.parse(encodeGateways(read))), read)
        } catch (error) {
          assert.ok(error instanceof Error && error.constructor === Error, String(error))
        }
      }),
    )
  })
})
