import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { CheckedFile } from './checked-file.ts'
import { createHandOut, type HandOutOptions } from './hand-out.ts'

const pieceBytes = 64 * 1024

test('a file is read as its reader takes it, one piece at a time', async () => {
  const { begin, file } = setup({}, 2 * pieceBytes + 5)
  const reader = begin()?.getReader()
  assert.equal(file.reads.length, 0)
  const lengths = []
  for (;;) {
    const { value, done } = (await reader?.read()) ?? {}
    if (done === true || value === undefined) break
    lengths.push(value.byteLength)
    assert.equal(file.reads.length, lengths.length)
  }
  assert.deepEqual(lengths, [pieceBytes, pieceBytes, 5])
  assert.equal(file.users, 0)
})

test('part of a file is read from its first byte to its last', async () => {
  const { begin, file } = setup({}, 100)
  const body = begin({ from: 10, to: 15 })
  assert.equal((await new Response(body).bytes()).byteLength, 5)
  assert.deepEqual(file.reads, [[10, 5]])
})

test('one file is read at a time, however many wait', async () => {
  const { begin, file } = setup({ maxPerAddress: 50 }, 10)
  await Promise.all(Array.from({ length: 50 }, () => new Response(begin()).bytes()))
  assert.equal(file.mostAtOnce, 1)
})

test('a place is given back by whoever has read all, gone away, or failed', async () => {
  const { begin, file } = setup({ maxAtOnce: 1 }, 10)
  await new Response(begin()).bytes()
  await begin()?.cancel()
  file.failsFromNowOn = true
  await assert.rejects(new Response(begin()).bytes(), /written to/)
  assert.equal(file.users, 0)
  assert.ok(begin())
})

test('who takes nothing loses its place to who waits, and who takes something does not', async () => {
  const { begin, clock } = setup({ maxAtOnce: 2 }, 10 * pieceBytes)
  const [slow, quick] = [begin()?.getReader(), begin()?.getReader()]
  await slow?.read()
  await quick?.read()
  assert.equal(begin(), undefined)
  clock.advance(5_000)
  await quick?.read()
  const next = begin()
  assert.ok(next)
  await assert.rejects(slow?.read() ?? Promise.resolve(), /waited for its place/)
  assert.equal((await quick?.read())?.value?.byteLength, pieceBytes)
  assert.equal(begin(), undefined)
})

test('one address does not take the places of all', async () => {
  const { begin } = setup({ maxAtOnce: 3, maxPerAddress: 2 }, 10)
  const address = '198.51.100.7'
  assert.ok(begin({ address }))
  assert.ok(begin({ address }))
  assert.equal(begin({ address }), undefined)
  assert.ok(begin({ address: '198.51.100.8' }))
})

function setup(options: Partial<HandOutOptions>, bytes: number) {
  const clock = createFakeClock()
  const file = fileOf(bytes)
  const handOut = createHandOut({ clock, ...options })
  return {
    clock,
    file,
    begin: ({ from = 0, to = bytes, address = '192.0.2.1' } = {}) =>
      handOut.begin({ file, from, to, address }),
  }
}

interface TestFile extends CheckedFile {
  readonly reads: (readonly [from: number, length: number])[]
  users: number
  mostAtOnce: number
  failsFromNowOn: boolean
}

/** A file of zeros that notes how it is read. */
function fileOf(bytes: number): TestFile {
  let underWay = 0
  const file: TestFile = {
    name: 'postern',
    sha256: '',
    identity: '',
    bytes,
    reads: [],
    users: 0,
    mostAtOnce: 0,
    failsFromNowOn: false,
    async read(from, length) {
      file.reads.push([from, length])
      underWay += 1
      file.mostAtOnce = Math.max(file.mostAtOnce, underWay)
      await new Promise((resolve) => setImmediate(resolve))
      underWay -= 1
      if (file.failsFromNowOn) throw new Error('it was written to meanwhile')
      return Buffer.alloc(Math.min(length, bytes - from))
    },
    use() {
      file.users += 1
      let isUsed = true
      return {
        [Symbol.dispose]: () => {
          if (isUsed) file.users -= 1
          isUsed = false
        },
      }
    },
    retire: () => undefined,
  }
  return file
}
