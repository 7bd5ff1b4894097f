import assert from 'node:assert/strict'
import type { StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { isBun } from './is-bun.ts'
import { openNamedPipe, type NamedPipe } from './named-pipe.fixture.ts'
import { runProgram, spawnProgram } from './program.fixture.ts'

/** The promise is a second from the wish to end to the end. */
const maxEndMs = 10_000
const here = JSON.stringify(join(import.meta.dirname, 'standard-output.ts'))
const streams = JSON.stringify(join(import.meta.dirname, 'standard-streams.ts'))
const flood = `
  const { exitProcess, settleOutputs, standardOutput, writeResult } = await import(${here})
  for (let index = 0; index < 3_000; index++) standardOutput(1).write('x'.repeat(999) + '\\n')
`

describe('a process whose reader does not read ends in time, with its exit code', () => {
  const ends = {
    'at once': 'void exitProcess(7)',
    'by itself': 'void settleOutputs(7, 100)',
    'after a fault': `
      process.on('uncaughtException', () => void exitProcess(7))
      setImmediate(() => { throw new Error('a fault') })`,
  }
  for (const [how, end] of Object.entries(ends)) {
    test(`${how}: a socket`, async (t) => {
      assert.deepEqual(await endOf(t, flood + end, ['ignore', 'pipe', 'ignore']), [7, null])
    })
    test(`${how}: a pipe`, async (t) => {
      const { writer } = openPipe(t)
      assert.deepEqual(await endOf(t, flood + end, ['ignore', writer, 'ignore']), [7, null])
    })
  }
})

test('what was said is read to its end when the process ends at once', async () => {
  const code = `
    const { exitProcess, standardOutput } = await import(${here})
    for (let index = 0; index < 500; index++) standardOutput(1).write(index + '\\n')
    void exitProcess(0)
  `
  const { stdout } = await runProgram(process.execPath, moduleArgs(code))
  assert.equal(stdout, Array.from({ length: 500 }, (_, index) => `${index}\n`).join(''))
})

test('a result that nobody takes is a fault, and for a reader who has left it is none', async (t) => {
  const code = `
    const { writeResult } = await import(${here})
    try { process.exitCode = writeResult('x'.repeat(99_999)) ? 0 : 3 }
    catch (error) { process.exitCode = error.code === 'output-failed' ? 8 : 1 }
  `
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  assert.deepEqual(await endOf(t, code, ['ignore', full, 'ignore']), [8, null])
  const { writer, closeReader } = openPipe(t)
  closeReader()
  assert.deepEqual(await endOf(t, code, ['ignore', writer, 'ignore']), [3, null])
})

test(
  'whoever looks at the streams of a shielded process makes no pipe non-blocking',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const { reader, writer, flags } = openPipe(t)
    const before = flags()
    // Bun has no shields, since nothing there looks by itself (`standard-streams.ts`).
    const byStreams = isBun ? '' : "process.stdin.resume(); process.stdout.write('by a stream\\n')"
    const code = `
      const { shieldStreams } = await import(${streams})
      shieldStreams()
      const { default: process } = await import('node:process')
      ${byStreams}
      console.log('by the console')
      process.emitWarning('a warning')
      setImmediate(() => process.send('over'))
      process.once('message', () => process.disconnect())
    `
    const child = spawnProgram(process.execPath, moduleArgs(code), {
      stdio: ['pipe', writer, writer, 'ipc'],
    })
    await once(child, 'message')
    assert.equal(flags(), before)
    const buffer = Buffer.alloc(65_536)
    const text = buffer.toString('utf8', 0, readSync(reader, buffer))
    assert.equal(text.startsWith('by a stream\n'), !isBun)
    assert.match(text, /by the console\n\(node:\d+\) Warning: a warning\n/)
    child.send('end')
    assert.deepEqual(await once(child, 'exit'), [0, null])
  },
)

const moduleArgs = (code: string): string[] => ['--input-type=module', '-e', code]

async function endOf(t: TestContext, code: string, stdio: StdioOptions): Promise<unknown[]> {
  const child = spawnProgram(process.execPath, moduleArgs(code), { stdio })
  t.after(() => child.kill('SIGKILL'))
  const late = AbortSignal.timeout(maxEndMs)
  return once(child, 'exit', { signal: late })
}

function openPipe(t: TestContext): NamedPipe {
  const pipe = openNamedPipe()
  t.after(() => pipe[Symbol.dispose]())
  return pipe
}
