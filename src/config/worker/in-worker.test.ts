import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInWorker, type WorkerOptions } from './in-worker.ts'

const input = { source: 'directory.yaml', text: 'groups: {dba: [ada@example.com]}' }

/** All parts of a job whose worker runs `code` instead of ours. */
async function read(code?: string, options: WorkerOptions = {}): Promise<readonly unknown[]> {
  const file = code && { file: new URL(`data:text/javascript,${encodeURIComponent(code)}`) }
  const parts: unknown[] = []
  for await (const part of runInWorker('directory', input, { ...options, ...file }))
    parts.push(part)
  return parts
}

const posting = "import { parentPort, workerData } from 'node:worker_threads';"

test('a job gives what it finds, part by part, and ends its thread', async () => {
  assert.deepEqual(await read(), [[['ada@example.com', ['dba']]]])
})

test('a thread that has ended by the time its last word is heard has done its work', async () => {
  const reading = read(`${posting} parentPort.postMessage({ kind: 'done' })`)
  // As long as something else takes the event loop, neither the word nor the end is heard.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
  assert.deepEqual(await reading, [])
})

test('a job that is left early ends its thread too', async () => {
  for await (const part of runInWorker('directory', input)) {
    assert.deepEqual(part, [['ada@example.com', ['dba']]])
    break
  }
})

test('a job that never ends is given up, in a loop and waiting', async () => {
  for (const code of ['for (;;);', `${posting} parentPort.on('message', () => undefined)`]) {
    await assert.rejects(read(code, { maxMs: 100 }), {
      code: 'worker-failed',
      message: /"directory" failed: it took longer than 100ms/,
    })
  }
})

test('a job that takes all memory fails, and nothing else does', async () => {
  const code = 'const all = []; for (;;) all.push({ name: `member ${all.length}` })'
  await assert.rejects(read(code, { maxMib: 32 }), { code: 'worker-failed', message: /memory/ })
})

test('a thread that ends in the middle, or throws by itself, fails the job', async () => {
  const part = `${posting} parentPort.postMessage({ kind: 'part', part: [] });`
  const endings = [
    ['process.exit(0)', /ended before its work was done/],
    [`${part} parentPort.once('message', () => process.exit(3))`, /ended before its work was done/],
    [`${part} parentPort.once('message', () => { throw new Error('lost it') })`, /lost it/],
  ] as const
  for (const [code, message] of endings) {
    await assert.rejects(read(code), { code: 'worker-failed', message })
  }
})
