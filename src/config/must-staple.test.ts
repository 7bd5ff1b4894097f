import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { formatProblem } from '../errors.ts'
import { isBun } from '../is-bun.ts'
import { openOcspAuthority, type IssueOptions } from '../net/ocsp/ocsp.fixture.ts'
import { lacksOpenssl, testFolder } from '../net/openssl.fixture.ts'
import { loadConfig } from './load.ts'

const [onNode, onBun] = [isBun && 'is about Node.js', !isBun && 'is about Bun']
const responder = 'http://127.0.0.1:9/'

async function load(t: TestContext, lines: readonly string[], files: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-must-staple-'))
  t.after(() => rm(folder, { recursive: true }))
  const text = [...lines, 'address: 127.0.0.1:0', `state_directory: ${folder}`].join('\n')
  for (const [name, content] of Object.entries({ ...files, 'postern.yaml': text }))
    await writeFile(join(folder, name), content, { mode: 0o600 })
  return loadConfig({ path: join(folder, 'postern.yaml'), env: {} })
}

describe('certificates of the configuration that need a stapled answer', async () => {
  const folder = testFolder({ after })

  async function warningsOf(
    t: TestContext,
    options: IssueOptions,
    shownOf: (chain: string) => string = (chain) => chain,
  ): Promise<readonly string[]> {
    const authority = await openOcspAuthority(folder)
    const { cert, key } = await authority.issue('a.example.com', options)
    const lines = ['certificate_file: cert.pem', 'certificate_key_file: key.pem']
    const { warnings } = await load(t, lines, { 'cert.pem': shownOf(cert), 'key.pem': key })
    return warnings.map(formatProblem).filter((text) => text.includes('OCSP'))
  }

  test(
    'nothing is said of one whose answer can be asked for',
    { skip: lacksOpenssl || onNode },
    async (t) => {
      assert.deepEqual(await warningsOf(t, { responder }), [])
    },
  )

  test('nothing is said of one that needs none', { skip: lacksOpenssl }, async (t) => {
    const leafOf = (chain: string): string => chain.slice(0, chain.indexOf('-----BEGIN', 1))
    assert.deepEqual(await warningsOf(t, { responder: undefined, mustStaple: false }, leafOf), [])
  })

  test(
    'one without its issuer, or a responder, is warned of',
    { skip: lacksOpenssl || onNode },
    async (t) => {
      const leafOf = (chain: string): string => chain.slice(0, chain.indexOf('-----BEGIN', 1))
      const [alone] = await warningsOf(t, { responder }, leafOf)
      assert.match(
        String(alone),
        /:1:19: certificate_file: .*its issuer is not in the chain\n {2}hint: add/,
      )
      const [silent] = await warningsOf(t, { responder: undefined })
      assert.match(String(silent), /names nobody who gives one\n {2}hint: have it issued without/)
    },
  )

  test(
    'an executable warns of each, and what to do',
    { skip: lacksOpenssl || onBun },
    async (t) => {
      const [warning] = await warningsOf(t, { responder })
      assert.match(
        String(warning),
        /an executable cannot hand out: .*Bun.*\n {2}hint: run the gateway on Node\.js/,
      )
    },
  )
})

const asking = ['autocert: true', 'autocert_must_staple: true']

test('a gateway on Node.js asks for such certificates', { skip: onNode }, async (t) => {
  assert.equal((await load(t, asking)).config.autocert?.mustStaple, true)
  assert.equal((await load(t, asking.slice(0, 1))).config.autocert?.mustStaple, false)
})

test('an executable refuses to, and says what to do', { skip: onBun }, async (t) => {
  await assert.rejects(load(t, asking), (error: Error) => {
    assert.match(error.message, /autocert_must_staple: cannot be honoured .*Bun/)
    assert.match(error.message, /hint: run the gateway on Node\.js/)
    return true
  })
  const { config } = await load(t, ['autocert: true', 'autocert_must_staple: false'])
  assert.equal(config.autocert?.mustStaple, false)
})
