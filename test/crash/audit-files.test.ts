import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { verifyAudit } from '../../src/telemetry/audit/verify/verify-audit.ts'
import { startChild } from '../e2e/child.ts'
import { inScope } from '../e2e/scope.ts'
import { createRandom } from './random.ts'

const times = 12
/** While several files are begun, and old ones dropped. */
const maxWritingMs = 60
const writer = join(import.meta.dirname, 'audit-writer.ts')

test('the files of the audit log are whole when whoever writes them is killed as they follow each other', async (t) => {
  const random = createRandom(3)
  const { privateKey } = generateKeyPairSync('ed25519')
  const env = { AUDIT_KEY: privateKey.export({ format: 'pem', type: 'pkcs8' }) }
  await inScope(
    async (scope) => {
      const directory = join(scope.directory, 'audit')
      let said = 0
      for (let round = 0; round < times; round += 1) {
        const options = [
          '--disable-warning=ExperimentalWarning',
          writer,
          directory,
          String(said + 1),
        ]
        const child = startChild(scope, process.execPath, options, { env })
        await child.says(/\d+\n/)
        await delay(random.share() * maxWritingMs)
        child.signal('SIGKILL')
        await child.ended
        const last = Number(child.output().trimEnd().split('\n').at(-1))
        assert.ok(last > said, child.errors())
        said = last
        const { faults, series } = await verifyAudit({ paths: [directory] })
        assert.deepEqual(faults, [], JSON.stringify(series))
        assert.ok((await numbersIn(directory)).includes(said), `${said} was kept, and is not there`)
      }
      const names = await readdir(directory)
      assert.ok(names.includes('dropped.txt'), 'so many that old ones were dropped')
    },
    (text) => t.diagnostic(text),
  )
})

async function numbersIn(directory: string): Promise<readonly number[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.jsonl'))
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
  return texts
    .flatMap((text) => text.split('\n').slice(0, -1))
    .map((line) => (JSON.parse(line) as { readonly number?: number }).number ?? 0)
}
