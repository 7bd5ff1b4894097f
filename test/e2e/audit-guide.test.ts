import assert from 'node:assert/strict'
import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { text as textOf } from 'node:stream/consumers'
import { spawnProgram } from '../../src/program.fixture.ts'
import { openTestLog } from '../../src/telemetry/audit/verify/tamper.fixture.ts'
import { createSandbox } from '../cli/program.ts'
import { posternInShell } from '../postern-program.ts'
import { readGuide } from './guide.ts'

const page = await readFile(join(import.meta.dirname, '../../docs/audit.md'), 'utf8')

test('the commands of the page on the audit log do what it says', async (t) => {
  await using sandbox = await createSandbox()
  const log = await openTestLog(t)
  await log.write(20)
  await log.checkpoints.sign()
  await log.files.close()
  const state = join(sandbox.path, 'state')
  await mkdir(state)
  await cp(log.directory, join(state, 'audit'), { recursive: true })
  const [file = ''] = (await readdir(log.directory)).filter((name) => name.endsWith('.jsonl'))
  const run = async (command: string): Promise<string> => {
    const script = `postern() { ${posternInShell} "$@"; }\nset -e\n${command}`
    const child = spawnProgram('bash', ['-c', script], {
      cwd: sandbox.path,
      env: { ...sandbox.env, FILE: join(state, 'audit', file) },
    })
    child.stdin.end()
    const [stdout, stderr, code] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      new Promise((resolve) => child.once('close', resolve)),
    ])
    assert.equal(code, 0, `${command}\n${stdout}${stderr}`)
    return stdout
  }
  const guide = readGuide(page)
  await run(guide.command(/^postern audit key/))
  await run(guide.command(/^postern audit checkpoint/))
  assert.match(await run(guide.command(/^postern audit verify state/)), /^decisions +21 .*good$/m)
  await run(guide.command(/^postern audit export/))
  assert.match(await run(guide.command(/^postern audit verify audit/)), /^decisions +21 .*good$/m)
  // Both are the same hash.
  const [first, second] = [guide.command(/sha256sum/), guide.command(/^sed -n 2p/)]
  assert.equal(await run(first), await run(second))
  const byHand = [/\$d' kept/, /^tail/, /printf/, /openssl/].map((it) => guide.command(it))
  assert.match(await run(byHand.join('\n')), /Signature Verified Successfully/)
  const text = await readFile(join(sandbox.path, 'text'), 'utf8')
  await writeFile(join(sandbox.path, 'text'), text.replace('21', '20'))
  await assert.rejects(run(byHand.at(-1) ?? ''))
  guide.command(/^postern audit search/)
  guide.block('text')
  guide.finish()
})
