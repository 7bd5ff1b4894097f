import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { spawnProgram } from '../src/program.fixture.ts'
import { cpuSeconds, residentBytes } from './process-stats.ts'

const skip = process.platform === 'linux' ? false : 'needs /proc'

test("a process's own CPU time agrees with what it says of itself", { skip }, () => {
  const begun = process.cpuUsage()
  const before = cpuSeconds(process.pid)
  let own = 0
  while (own < 0.2) {
    const { user, system } = process.cpuUsage(begun)
    own = (user + system) / 1_000_000
  }
  const measured = cpuSeconds(process.pid) - before
  assert.ok(Math.abs(measured - own) < 0.05, `${measured} against ${own}`)
})

test('the memory of children counts', { skip }, async () => {
  const script = 'const held = Buffer.alloc(64 * 1024 * 1024, 1); console.log(held.length)'
  const before = residentBytes(process.pid)
  const child = spawnProgram(process.execPath, ['-e', `${script}; setInterval(() => held, 1000)`])
  await once(child.stdout, 'data')
  assert.ok(residentBytes(process.pid) - before > 64 * 1024 * 1024)
  child.kill()
  await once(child, 'exit')
})
