import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { CertificateAuthority } from '../net/certificate.ts'
import { freePort } from '../net/free-port.fixture.ts'
import { httpAnswer, startSmallServer, welcome } from '../reach/small-server.fixture.ts'
import { openPreflight, type RunPreflight } from './preflight.fixture.ts'

let folder: string
let authority: CertificateAuthority
let run: RunPreflight

before(async () => {
  ;({ folder, authority, run } = await openPreflight())
})

after(() => rm(folder, { recursive: true, force: true }))

const names = { newNonce: 'https://a/n', newAccount: 'https://a/a', newOrder: 'https://a/o' }

/** What is asked of an authority that answers so. */
async function startAuthority(t: TestContext, answer: string) {
  const asked: string[] = []
  const pair = await authority.issue(['localhost'])
  const port = await startSmallServer(t, {
    pair,
    answer: (head) => {
      asked.push(head.split('\r\n')[0] ?? '')
      return answer
    },
  })
  return { port, asked }
}

const answerOf = (value: unknown): string =>
  httpAnswer(200, { 'content-type': 'application/json' }, JSON.stringify(value))

async function tried(port: number, more = '', timeoutMs = 5_000) {
  const settings = [
    'autocert: true',
    `autocert_ca: "https://localhost:${port}/directory?token=a-secret"`,
    'autocert_trusted_ca_file: ca.pem',
    more,
  ]
  const checks = await run({ more: settings.join('\n') }, { timeoutMs })
  const [found, ...others] = checks.filter(({ what }) => what === 'authority')
  assert.deepEqual(others, [])
  assert.ok(found)
  assert.doesNotMatch(JSON.stringify(checks), /a-secret/)
  return found
}

describe('the authority that certificates are fetched from', () => {
  test('is asked for its directory, and for nothing else', async (t) => {
    const { port, asked } = await startAuthority(t, answerOf(names))
    const { verdict, target, detail } = await tried(port)
    assert.deepEqual(
      [verdict, target, detail],
      [
        'ok',
        `https://localhost:${port}/directory`,
        'says what fetching a certificate needs to know',
      ],
    )
    assert.deepEqual(asked, ['GET /directory?token=a-secret HTTP/1.1'])
    const without = await run({})
    assert.ok(without.every(({ what }) => what !== 'authority'))
  })

  test('that wants to know its customers is a warning without an external account', async (t) => {
    const meta = { externalAccountRequired: true }
    const { port } = await startAuthority(t, answerOf({ ...names, meta }))
    const { verdict, hint } = await tried(port)
    assert.equal(verdict, 'warning')
    assert.match(hint ?? '', /"autocert_eab_key_id" and "autocert_eab_mac_key"/)
    const eab = `autocert_eab_key_id: kid\nautocert_eab_mac_key: ${'a'.repeat(43)}`
    assert.equal((await tried(port, eab)).verdict, 'ok')
  })

  test('that is away, unknown, no authority or silent fails with the next step', async (t) => {
    const away = await tried(await freePort())
    assert.deepEqual([away.verdict, away.code], ['failed', 'authority-unreachable'])
    assert.match(away.detail, /cannot be asked: .*ECONNREFUSED/)
    assert.match(away.hint ?? '', /"autocert_ca" letter by letter.*"autocert_trusted_ca"/)
    const page = await tried((await startAuthority(t, welcome)).port)
    assert.match(page.detail, /it answers HTTP 404/)
    const text = httpAnswer(200, { 'content-type': 'text/html' }, '<html>meta</html>')
    const other = await tried((await startAuthority(t, text)).port)
    assert.deepEqual([other.verdict, other.code], ['failed', 'authority-invalid'])
    const pair = await authority.issue(['elsewhere.example.com'])
    const stranger = await tried(await startSmallServer(t, { pair, answer: answerOf(names) }))
    assert.equal(stranger.code, 'authority-unreachable')
    assert.match(stranger.detail, /localhost/)
    const mute = await tried(await startSmallServer(t, {}), '', 200)
    assert.match(mute.detail, /no whole answer within 0\.2 s/)
  })
})
