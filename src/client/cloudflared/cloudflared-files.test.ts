import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ApplicationTokenAnswer } from '../../tunnel/application-token.ts'
import { writeCloudflaredFiles } from './cloudflared-files.ts'

const audience = 'ab'.repeat(32)
const answer: ApplicationTokenAnswer = {
  hostname: 'tcp.site.com',
  audience,
  authDomain: 'c0ffee.postern.cloudflareaccess.com',
  token: 'e30.e30.x',
  expiresAtMs: 1_800_000_000_000,
  keySet: '{"keys":[{"kid":"k"}]}',
}

describe('the files of cloudflared', () => {
  test('are named as it looks for them, for their owner alone, and the keys never grow old', async (t) => {
    const home = await temporaryHome(t)
    const { token, keySet } = await writeCloudflaredFiles(home, answer)
    assert.equal(token, join(home, '.cloudflared', `tcp.site.com-${audience}-token`))
    assert.equal(keySet, join(home, '.cloudflared', 'c0ffee.postern.cloudflareaccess.com-jwks'))
    assert.equal(await readFile(token, 'utf8'), 'e30.e30.x')
    assert.equal(await readFile(keySet, 'utf8'), answer.keySet)
    assert.deepEqual([await modeOf(token), await modeOf(keySet)], [0o600, 0o600])
    assert.equal(await modeOf(join(home, '.cloudflared')), 0o700)
    assert.ok((await stat(keySet)).mtimeMs > Date.now() + 100 * 365 * 86_400_000)
    assert.equal((await readdir(join(home, '.cloudflared'))).length, 2)
  })

  test('of a wildcard have a dash for its star', async (t) => {
    const home = await temporaryHome(t)
    const { token } = await writeCloudflaredFiles(home, { ...answer, hostname: '*.site.com' })
    assert.match(token, /\/-\.site\.com-[0-9a-f]{64}-token$/)
  })

  test('are replaced whole by the next sign-in', async (t) => {
    const home = await temporaryHome(t)
    await writeCloudflaredFiles(home, answer)
    const { token } = await writeCloudflaredFiles(home, { ...answer, token: 'e30.e30.y' })
    assert.equal(await readFile(token, 'utf8'), 'e30.e30.y')
  })

  test('that cannot be written are an error that names the folder', async (t) => {
    const home = await temporaryHome(t)
    await writeFile(join(home, '.cloudflared'), 'a file')
    await assert.rejects(writeCloudflaredFiles(home, answer), {
      code: 'cloudflared-files-unwritable',
      hint: /\.cloudflared/,
    })
  })
})

async function temporaryHome(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'postern-cloudflared-'))
  t.after(() => rm(home, { recursive: true, force: true }))
  return home
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}
