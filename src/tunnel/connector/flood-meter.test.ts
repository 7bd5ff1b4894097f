import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { holdable } from '../../net/http2-windows.ts'
import { always, openEnds } from './ends.fixture.ts'
import { streamWindows } from './windows.ts'

const muchBytes = 16 * 1024 * 1024
/** Twice that fits into what nobody reads of them. */
const streams = (2 * muchBytes) / holdable(streamWindows).startWindowBytes
const piece = Buffer.alloc(64 * 1024)

for (const reader of ['gateway', 'connector'] as const) {
  test(`what comes on streams to the ${reader} is no flood, unread or after a cut`, async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const accepted: Duplex[] = []
    using ends = await openEnds({
      onStream: (offer) => void accepted.push(offer.accept().on('error', () => undefined)),
    })
    let isOver = false
    void ends[reader].ended.then(() => (isOver = true))
    const socket = reader === 'gateway' ? ends.connection.atGateway : ends.connection.atConnector
    const came = async (bytes: number): Promise<void> => {
      const from = socket.bytesRead
      while (socket.bytesRead < from + bytes) await nextTurn()
    }
    const look = async (): Promise<void> => {
      await new Promise<void>((resolve) => void setTimeout(resolve, 0))
      t.mock.timers.tick(1_000)
    }
    const begin = async (): Promise<readonly Duplex[]> => {
      const opened: Duplex[] = []
      while (opened.length < streams) {
        const stream = await ends.gateway.openStream({ authority: 'a:1', grant: '' }, always)
        opened.push(stream.on('error', () => undefined))
      }
      const theirs = accepted.splice(0)
      for (const stream of reader === 'gateway' ? theirs : opened) talk(stream)
      return reader === 'gateway' ? opened : theirs
    }

    const unread = await begin()
    await came(muchBytes)
    await look()
    assert.equal(isOver, false, 'what nobody reads')
    for (const stream of unread) stream.destroy()
    await look()

    const flowing = await begin()
    for (const stream of flowing) stream.resume()
    await came(muchBytes)
    for (const stream of flowing) stream.destroy()
    for (let looks = 0; looks < 3; looks += 1) await look()
    assert.equal(isOver, false, 'what comes after a cut')
  })
}

/** Says whatever is taken. */
function talk(stream: Duplex): void {
  const more = (): void => {
    while (!stream.destroyed && stream.write(piece));
  }
  stream.on('drain', more)
  more()
}
