import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followStream, maxSilenceMs, type Source } from '../../src/web/console/event-stream.ts'

/** What a browser's `EventSource` would be, told by the test what it hears. */
class FakeSource extends EventTarget implements Source {
  readyState = 1
  close = (): void => void (this.readyState = 2)
  hears = (name: string, data = '{}'): void =>
    void this.dispatchEvent(new MessageEvent(name, { data }))
}

function openRig() {
  const sources: FakeSource[] = []
  const said: string[] = []
  let nowMs = 0
  const begin = (): Source => {
    const made = new FakeSource()
    sources.push(made)
    return made
  }
  const stream = followStream(begin, () => nowMs, {
    begun: (isAgain) => void said.push(isAgain ? 'begun again' : 'begun'),
    heard: (name, data) => void said.push(`${name} ${data}`),
    ended: () => void said.push('ended'),
    waiting: () => void said.push('waiting'),
  })
  const after = (ms: number): void => {
    nowMs += ms
    stream.look()
  }
  const source = (): FakeSource => sources.at(-1) ?? assert.fail('no stream was begun')
  return { sources, said, after, source }
}

test('a stream that says nothing for long is begun anew, and one that says it is quiet is not', () => {
  const { sources, said, after, source } = openRig()
  const first = source()
  first.hears('hello')
  first.hears('changed', '{"kinds":["routes"]}')
  after(maxSilenceMs - 1_000)
  first.hears('quiet')
  after(maxSilenceMs - 1_000)
  assert.deepEqual(said, ['begun', 'changed {"kinds":["routes"]}'])
  after(2_000)
  assert.deepEqual([sources.length, first.readyState], [2, 2])
  // What comes late of the one that was given up.
  first.hears('changed')
  source().hears('hello')
  assert.deepEqual(said.slice(2), ['ended', 'begun again'])
})

test('a stream that ends for good is begun anew, and lists are asked for while there is none', () => {
  const { sources, said, after, source } = openRig()
  source().hears('hello')
  source().close()
  source().hears('error')
  for (let looks = 0; looks < 3; looks++) {
    after(5_000)
    source().readyState = 0
  }
  assert.deepEqual(said, ['begun', 'ended', 'waiting'])
  assert.equal(sources.length, 2)
})
