import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { encodeApplicationTokenAnswer } from '../../src/tunnel/application-token.ts'
import { gatewayPaths } from '../../src/tunnel/paths.ts'
import { encodeRefusal } from '../../src/tunnel/refusal.ts'
import { followSignIn, startFakeGateway } from '../../src/reach/fake-gateway.fixture.ts'
import { createSandbox, startPostern, type Running } from './program.ts'

const audience = 'ab'.repeat(32)
const body = encodeApplicationTokenAnswer({
  hostname: 'localhost',
  audience,
  authDomain: 'c0ffee.postern.cloudflareaccess.com',
  token: 'e30.e30.x',
  expiresAtMs: Date.parse('2030-01-02T03:04:05Z'),
  keySet: '{"keys":[]}',
})

describe('postern access login --for-cloudflared', () => {
  test('signs in, fills the files of cloudflared, and prints no token', async (t) => {
    const { login, home } = await openRig(t, { status: 200, body })
    const program = login()
    const [, url = ''] = await program.untilStderr(/sign in at:\n\n {2}(\S+)\s/)
    await followSignIn(url)
    const { code, stdout, stderr } = await program.ended
    assert.deepEqual([code, stdout], [0, ''])
    assert.match(stderr, /cloudflared is signed in to "localhost" until 2030-01-02/)
    assert.doesNotMatch(stderr, /e30\.e30/)
    const folder = join(home, '.cloudflared')
    const names = ['c0ffee.postern.cloudflareaccess.com-jwks', `localhost-${audience}-token`]
    assert.deepEqual((await readdir(folder)).sort(), names)
    assert.equal(await readFile(join(folder, names[1] ?? ''), 'utf8'), 'e30.e30.x')
  })

  test('says why the gateway gives no token, and writes nothing', async (t) => {
    const refusal = encodeRefusal({
      code: 'policy_denied',
      message: '"bob@example.com" may not use this application',
      next: 'ask dba@example.com for access',
      requestId: 'r-1',
    })
    const { login, home } = await openRig(t, { status: 403, body: refusal })
    const program = login()
    const [, url = ''] = await program.untilStderr(/sign in at:\n\n {2}(\S+)\s/)
    await followSignIn(url)
    const { code, stderr } = await program.ended
    assert.equal(code, 4)
    assert.match(stderr, /"bob@example.com" may not use this application/)
    assert.match(stderr, /hint: ask dba@example\.com for access/)
    assert.deepEqual((await readdir(home)).includes('.cloudflared'), false)
  })

  test('takes nothing that would name a file elsewhere', async (t) => {
    const { login, home } = await openRig(t, {
      status: 200,
      body: body.replace(audience, '../../evil'),
    })
    const program = login()
    const [, url = ''] = await program.untilStderr(/sign in at:\n\n {2}(\S+)\s/)
    await followSignIn(url)
    const { code, stderr } = await program.ended
    assert.notEqual(code, 0)
    assert.match(stderr, /gave no token of an application/)
    assert.deepEqual((await readdir(home)).includes('.cloudflared'), false)
  })
})

async function openRig(
  t: TestContext,
  answer: { readonly status: number; readonly body: string },
): Promise<{ readonly home: string; login(): Running }> {
  const gateway = await startFakeGateway({ answers: { [gatewayPaths.applicationToken]: answer } })
  const sandbox = await createSandbox()
  const caFile = join(sandbox.path, 'ca.pem')
  await writeFile(caFile, gateway.ca)
  const env = { ...sandbox.env, PATH: process.env['PATH'], HOME: sandbox.path }
  const started: Running[] = []
  t.after(async () => {
    for (const { child } of started) child.kill('SIGKILL')
    await Promise.all(started.map(({ ended }) => ended))
    await gateway[Symbol.asyncDispose]()
    await sandbox[Symbol.asyncDispose]()
  })
  const { host } = new URL(gateway.origin)
  return {
    home: sandbox.path,
    login() {
      const options = ['--for-cloudflared', '--browser-cmd', 'true', '--ca-file', caFile]
      const program = startPostern(['access', 'login', ...options, host], { env })
      started.push(program)
      return program
    },
  }
}
