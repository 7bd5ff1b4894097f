import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { runProgramSync, spawnProgram } from '../../program.fixture.ts'
import { stateOfProcess } from './process-identity.ts'

test('a process that runs has a start that stays the same', async (t) => {
  const child = spawnProgram(process.execPath, ['-e', 'process.stdin.resume()'])
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const [own, again, other] = await Promise.all(
    [process.pid, process.pid, child.pid ?? -1].map(stateOfProcess),
  )
  assert.deepEqual(own, again)
  assert.ok(own?.isRunning === true && other?.isRunning === true)
  if (process.platform === 'linux') assert.match(own.start ?? '', /^\d+$/)
})

test('a process that has ended does not run', async () => {
  const { pid } = runProgramSync(process.execPath, ['--version'])
  assert.equal((await stateOfProcess(pid)).isRunning, false)
})

test(
  'a process that was killed and that nobody asked after does not run either',
  { skip: process.platform === 'win32' },
  async (t) => {
    // The shell becomes a program that never asks how its child ended.
    const parent = spawnProgram('/bin/sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'])
    t.after(() => parent.kill('SIGKILL'))
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    // A shell that still is one may ask.
    await untilNamed(parent.pid ?? 0, 'sleep')
    process.kill(pid, 'SIGKILL')
    const deadlineMs = performance.now() + 10_000
    while ((await stateOfProcess(pid)).isRunning) {
      assert.ok(performance.now() < deadlineMs, 'it runs on')
      await nextTurn()
    }
    // Its id is still taken.
    process.kill(pid, 0)
  },
)

/** Until a process has become a program; where there is no /proc, at once. */
async function untilNamed(pid: number, name: string): Promise<void> {
  const deadlineMs = performance.now() + 10_000
  const path = `/proc/${pid}/comm`
  while (existsSync(path) && readFileSync(path, 'utf8').trim() !== name) {
    assert.ok(performance.now() < deadlineMs, 'it is no other program yet')
    await nextTurn()
  }
}
