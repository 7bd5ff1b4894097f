import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openLineOutput, type LineOutput } from './line-output.ts'
import { openNamedPipe, type NamedPipe } from './named-pipe.fixture.ts'
import { spawnProgram } from './program.fixture.ts'

const { O_NONBLOCK, O_RDONLY } = constants
const isLinux = process.platform === 'linux'
const maxWaitMs = 10_000

test('what a file is sent arrives in order, between what others write', async (t) => {
  const path = join(makeDirectory(t), 'log')
  const descriptor = openSync(path, 'w')
  t.after(() => closeSync(descriptor))
  const output = openLineOutput(descriptor)
  output.write('one\n')
  output.write('two\n')
  await output.settled(maxWaitMs)
  writeSync(descriptor, 'of another\n')
  output.write('three\n')
  await output.settled(maxWaitMs)
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nof another\nthree\n')
})

test(
  'a pipe that nobody reads is never waited for, and what is dropped is counted and told',
  { skip: !isLinux },
  async (t) => {
    const { reader, output, flags } = openPipe(t)
    const before = flags()
    const lines = Array.from({ length: 80_000 }, (_, index) => `line ${index} of a log\n`)
    for (const line of lines) output.write(line)
    assert.ok(output.droppedLines > 0)
    assert.equal(flags(), before, 'the flags of the shared description are as before')
    const kept = lines.length - output.droppedLines
    const told: number[] = []
    output.onResumed((dropped) => {
      told.push(dropped)
      output.write(`${dropped} are lost\n`)
    })
    const text = await readUntil(reader, / are lost\n$/)
    assert.deepEqual(told, [output.droppedLines])
    assert.equal(text, `${lines.slice(0, kept).join('')}${told[0]} are lost\n`)
  },
)

test(
  'a line longer than the pipe arrives whole, and before the next one',
  { skip: !isLinux },
  async (t) => {
    const { reader, output } = openPipe(t)
    const long = `${'x'.repeat(300_000)}\n`
    output.write(long)
    output.write('next\n')
    assert.equal(await readUntil(reader, /next\n$/), `${long}next\n`)
  },
)

test(
  "other programs' lines stand between ours, and never within one",
  { skip: !isLinux },
  async (t) => {
    const { reader, output, path } = openPipe(t)
    const loop = 'i=0; while [ $i -lt 4000 ]; do echo "other $i $1"; i=$((i+1)); done >"$0"'
    const other = spawnProgram('sh', ['-c', loop, path, 'y'.repeat(500)])
    const ended = once(other, 'exit')
    const ours = Array.from({ length: 1_500 }, (_, index) => `ours ${index} ${'z'.repeat(600)}\n`)
    for (const line of ours) output.write(line)
    const text = await readUntil(reader, (read) => lineCount(read) === 5_500)
    assert.deepEqual(await ended, [0, null])
    const lines = text.split('\n').slice(0, -1)
    assert.deepEqual(
      lines.filter((line) => !/^(?:ours \d+ z{600}|other \d+ y{500})$/.test(line)),
      [],
    )
    assert.equal(
      lines.filter((line) => line.startsWith('ours')).join('\n'),
      ours.join('').trimEnd(),
    )
  },
)

test(
  'a pipe without a reader loses lines, and takes them again when there is one',
  { skip: !isLinux },
  async (t) => {
    const { closeReader, output, path } = openPipe(t)
    closeReader()
    let lost = 0
    output.onLost(() => void (lost += 1))
    output.write('to nobody\n')
    output.write('to nobody either\n')
    assert.deepEqual([output.droppedLines, lost], [2, 2])
    const next = openSync(path, O_RDONLY | O_NONBLOCK)
    t.after(() => closeSync(next))
    output.onResumed((dropped) => output.write(`${dropped} are lost\n`))
    output.write('to somebody\n')
    assert.equal(await readUntil(next, / are lost\n$/), 'to somebody\n2 are lost\n')
  },
)

test('a full disk loses lines and throws nothing', { skip: !isLinux }, async (t) => {
  const descriptor = openSync('/dev/full', 'w')
  t.after(() => closeSync(descriptor))
  const output = openLineOutput(descriptor)
  output.write('one\n')
  await output.settled(maxWaitMs)
  assert.equal(output.droppedLines, 1)
})

test('a closed descriptor loses lines and throws nothing', () => {
  const output = openLineOutput(9_999)
  output.write('one\n')
  assert.equal(output.droppedLines, 1)
})

test('waiting for a reader who does not read has an end', { skip: !isLinux }, async (t) => {
  const { output } = openPipe(t)
  output.write(`${'x'.repeat(100_000)}\n`)
  const beganMs = performance.now()
  await output.settled(50)
  assert.ok(performance.now() - beganMs < 5_000)
})

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-output-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

function openPipe(t: TestContext): NamedPipe & { readonly output: LineOutput } {
  const pipe = openNamedPipe()
  t.after(() => pipe[Symbol.dispose]())
  return { ...pipe, output: openLineOutput(pipe.writer) }
}

const lineCount = (text: string): number => text.split('\n').length - 1

async function readUntil(
  descriptor: number,
  isDone: RegExp | ((text: string) => boolean),
): Promise<string> {
  const buffer = Buffer.alloc(65_536)
  const until = performance.now() + maxWaitMs
  let text = ''
  const fits = (): boolean => (isDone instanceof RegExp ? isDone.test(text) : isDone(text))
  while (!fits()) {
    assert.ok(performance.now() < until, `read ${text.length} characters: ${text.slice(-200)}`)
    try {
      text += buffer.toString('utf8', 0, readSync(descriptor, buffer))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
    }
    await new Promise(setImmediate)
  }
  return text
}
