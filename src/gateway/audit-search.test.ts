import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import type { AuditIndexStore } from '../store/audit-index-store.ts'
import { openAuditSearch } from './audit-search.ts'

test('a database that answers nothing holds up no gateway that ends', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-search-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const asked = Promise.withResolvers<void>()
  const never = new Promise<never>(() => undefined)
  const silent: Partial<AuditIndexStore> = {
    place() {
      asked.resolve()
      return never
    },
  }
  const clock = createFakeClock()
  const search = openAuditSearch({
    directory,
    files: { onKept: () => undefined },
    store: { auditIndex: silent as AuditIndexStore },
    clock,
    logger: silentLogger,
  })
  clock.advance(0)
  await asked.promise
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let isClosed = false
  const closed = search.close().then(() => (isClosed = true))
  t.mock.timers.tick(999)
  await Promise.resolve()
  assert.equal(isClosed, false, 'what is under way has a moment')
  t.mock.timers.tick(1)
  await closed
})
